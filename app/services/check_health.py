"""Ask everything that Groat needs whether it is there, at once and within a second."""

from __future__ import annotations

import asyncio
from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Literal

import msgspec

from app.domain.errors import GroatError
from app.ports.health import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.clock import Clock
    from app.ports.health import Check

LIMIT_S = 1.0
FRESH_S = 0.9


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """How Groat stands.

    `ok`: everything answers. `degraded`: it serves, but something else is away. `down`: something that it
    can serve nothing without is away. `market_time` is aware UTC, and runs `market_speed` times as fast as
    the machine's.
    """

    status: Literal["ok", "degraded", "down"]
    market_time: datetime
    market_speed: float
    checks: dict[str, Finding]


class HealthCheck:
    """The checks of one process; a report younger than 0.9 s is given again, and nobody asks twice at once."""

    def __init__(self, checks: Sequence[Check], clock: Clock) -> None:
        """Keep what to ask."""
        self.checks = checks
        self.clock = clock
        self.asked_at = -1e9
        self.last: HealthReport | None = None
        self.asking = asyncio.Lock()

    async def report(self) -> HealthReport:
        """Return how Groat stands. Never raises: what fails is in the report."""
        async with self.asking:
            if self.last is None or monotonic() - self.asked_at > FRESH_S:
                findings = await asyncio.gather(*(look(check) for check in self.checks))
                self.last = self.weigh(findings)
                self.asked_at = monotonic()
            return self.last

    def weigh(self, findings: Sequence[Finding]) -> HealthReport:
        """Draw the conclusion from the findings, in the order of the checks."""
        pairs = list(zip(self.checks, findings, strict=True))
        if any(check.essential and finding.state in {"down", "off"} for check, finding in pairs):
            status: Literal["ok", "degraded", "down"] = "down"
        elif all(finding.state in {"up", "off"} for finding in findings):
            status = "ok"
        else:
            status = "degraded"
        return HealthReport(
            status=status,
            market_time=self.clock.now(),
            market_speed=self.clock.speed,
            checks={check.name: finding for check, finding in pairs},
        )


async def look(check: Check) -> Finding:
    """Ask one of them, for a second at most; say in a domain error's own words what is wrong."""
    started = perf_counter()
    try:
        async with asyncio.timeout(LIMIT_S):
            return await check.look()
    except TimeoutError:
        return Finding(state="down", latency_ms=since_ms(started), detail=f"no answer within {LIMIT_S:g} s")
    except GroatError as e:
        return Finding(state="down", latency_ms=since_ms(started), detail=str(e))
    except Exception as e:  # noqa: BLE001  a check that breaks is a finding; its text could hold an address with a password
        return Finding(state="down", latency_ms=since_ms(started), detail=type(e).__name__)


def since_ms(started: float) -> float:
    """Return the milliseconds since a reading of `perf_counter`."""
    return round((perf_counter() - started) * 1_000, 2)
