"""Read everything that is measured when Prometheus asks, rather than counted as it happens."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from app.domain.errors import GroatError
from app.telemetry.exposition import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.ports.clock import Clock
    from app.ports.gauges import Gauges
    from app.ports.providers import Providers
    from app.ports.quotas import Ledger
    from app.services.check_health import HealthCheck
    from app.services.read_data_quality import DatasetQuality
    from app.telemetry.metrics import Readings

FRESH_S = 2.0
LIMIT_S = 3.0
UP = frozenset({"up", "busy"})


class ReadingsTaker:
    """The readings of one process; those younger than two seconds are given again."""

    def __init__(  # noqa: PLR0913  each is asked something else
        self,
        *,
        gauges: Gauges,
        ledger: Ledger,
        providers: Providers,
        health: HealthCheck,
        clock: Clock,
        quality: Callable[[], Awaitable[list[DatasetQuality]]],
    ) -> None:
        """Keep what to ask."""
        self.gauges, self.ledger, self.providers = gauges, ledger, providers
        self.health, self.clock, self.quality = health, clock, quality
        self.taken_at = -1e9
        self.last: Readings = {}
        self.taking = asyncio.Lock()

    async def take(self, *, version: str, environment: str) -> Readings:
        """Return the readings. Never raises: what cannot be read is left out, and `groat_up` says why."""
        async with self.taking:
            if monotonic() - self.taken_at > FRESH_S:
                now = self.clock.now().timestamp()
                self.last = {
                    "groat_info": {(version, environment): 1.0},
                    "groat_process_resident_bytes": resident_bytes(),
                    "groat_market_time_seconds": {(): now},
                    "groat_market_speed": {(): self.clock.speed},
                    "groat_up": await self.dependencies(),
                    **await self.stored(now),
                }
                self.taken_at = monotonic()
            return self.last

    async def dependencies(self) -> dict[tuple[str, ...], float]:
        """Return 1 for each dependency that answers; one that is not used is left out."""
        checks = (await self.health.report()).checks
        return {(name,): float(found.state in UP) for name, found in checks.items() if found.state != "off"}

    async def stored(self, now: float) -> Readings:
        """Return what the database knows; nothing when it is away."""
        try:
            async with asyncio.timeout(LIMIT_S):
                readings = dict(await self.gauges.read())
                readings.update(await self.quotas())
                readings.update(quality_readings(await self.quality()))
        except (GroatError, TimeoutError):
            return {}
        newest = readings.get("groat_data_newest_session_seconds", {})
        readings["groat_data_age_seconds"] = {labels: now - value for labels, value in newest.items()}
        return readings

    async def quotas(self) -> Readings:
        """Return what is used of each provider's windows."""
        used: dict[tuple[str, ...], float] = {}
        limit: dict[tuple[str, ...], float] = {}
        blocked: dict[tuple[str, ...], float] = {}
        skew: dict[tuple[str, ...], float] = {}
        usages = await self.ledger.usage([provider.allowance for provider in self.providers.all()])
        for usage in usages:
            blocked[usage.provider,] = float(usage.blocked_until is not None)
            if usage.clock_skew_s is not None:
                skew[usage.provider,] = usage.clock_skew_s
            for window in usage.windows:
                labels = (usage.provider, f"{window.span_s:g}", window.only or "any")
                used[labels] = float(window.resting)
                limit[labels] = float(window.max_calls)
        return {
            "groat_quota_used": used,
            "groat_quota_limit": limit,
            "groat_provider_blocked": blocked,
            "groat_provider_clock_skew_seconds": skew,
        }


def quality_readings(found: list[DatasetQuality]) -> Readings:
    """Return how the datasets stand as readings; what is not known of one is left out."""
    return {
        "groat_data_freshness_seconds": {(one.dataset.value,): one.age_s for one in found if one.age_s is not None},
        "groat_data_completeness_ratio": {
            (one.dataset.value,): one.completeness for one in found if one.completeness is not None
        },
        "groat_data_gaps": {(one.dataset.value,): float(one.gaps) for one in found if one.gaps is not None},
        "groat_quarantine_open": {
            (one.dataset.value, rule): float(count) for one in found for rule, count in one.held.items()
        },
        "groat_data_flags_open": {(rule,): float(count) for one in found for rule, count in one.flags.items()},
    }
