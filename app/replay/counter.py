"""The front counter: every request is counted here on arrival, and every answer passes through here."""

from __future__ import annotations

from collections import Counter, deque
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from app.replay.allowance import Allowance
from app.replay.dialect import Call
from app.replay.misbehaviour.bending import bent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports.clock import Clock
    from app.replay.dialect import Dialect, Reply
    from app.replay.misbehaviour.rules import Rulebook

RECENT = 500


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One request in the audit. `key` is a digest, never the key; the query is left out."""

    at_us: int
    market: str
    path: str
    key: str
    status: int
    outcome: str


class WindowAudit(msgspec.Struct, frozen=True, kw_only=True):
    """The most requests, granted and refused, that any rolling window of a key has held."""

    key: str
    window: str
    span_us: int
    limit: int
    peak: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The replay's own count of what it was asked; `recent` holds the last requests, oldest first."""

    dialect: str
    total: int
    outcomes: dict[str, int]
    windows: list[WindowAudit]
    recent: list[Arrival]


class FrontCounter:
    """Check the key, count the arrival in the clock's quota reading, let the dialect answer, keep the audit."""

    def __init__(self, dialect: Dialect, clock: Clock, keys: frozenset[str], rules: Rulebook) -> None:
        self.dialect = dialect
        self._clock = clock
        self._rules = rules
        self._allowances = {key: Allowance(dialect.plan.windows) for key in sorted(keys)}
        self._outcomes: Counter[str] = Counter()
        self._recent: deque[Arrival] = deque(maxlen=RECENT)

    async def serve(self, path: str, params: Mapping[str, str], headers: Mapping[str, str], base_url: str) -> Reply:
        """Answer one request; it is counted before anything else is looked at, unless its key is bad.

        A granted one may be answered wrongly, if a rule says so: it counts all the same.
        """
        at_us = self._clock.quota_us()
        key = self.dialect.key(params, headers)
        allowance = self._allowances.get(key or "")
        call = Call(path=path, params=dict(params), base_url=base_url, now=self._clock.now())
        if allowance is None or key is None:
            reply = self.dialect.bad_key(key)
        elif not allowance.arrive(at_us):
            reply = self.dialect.too_many(key, allowance.full)
        else:
            rule = self._rules.pick(self.dialect.name, path)
            reply = bent(self.dialect, call, key, rule) if rule else self.dialect.answer(call)
        told = {"date": format_datetime(call.now, usegmt=True)}
        if allowance is not None:
            told |= self.dialect.limits(allowance, call.now)
        reply = msgspec.structs.replace(reply, headers={**told, **reply.headers})
        return await self.deliver(call, reply, digest(key), at_us)

    async def deliver(self, call: Call, reply: Reply, key: str, at_us: int) -> Reply:
        """Write the answer down and hand it out: the one place that every answer passes through."""
        self._outcomes[reply.outcome] += 1
        self._recent.append(
            Arrival(
                at_us=at_us,
                market=call.now.isoformat(),
                path=call.path,
                key=key,
                status=reply.status,
                outcome=reply.outcome,
            )
        )
        return reply

    def audit(self) -> Audit:
        """Return the counts so far."""
        return Audit(
            dialect=self.dialect.name,
            total=sum(self._outcomes.values()),
            outcomes=dict(self._outcomes),
            windows=[
                WindowAudit(
                    key=digest(key),
                    window=count.window.name,
                    span_us=count.window.span_us,
                    limit=count.window.max_calls,
                    peak=count.peak,
                )
                for key, allowance in self._allowances.items()
                for count in allowance.counts
            ],
            recent=list(self._recent),
        )


def digest(key: str | None) -> str:
    """Return eight digits that tell keys apart and do not reveal them; ``none`` without a key."""
    return sha256(key.encode()).hexdigest()[:8] if key else "none"
