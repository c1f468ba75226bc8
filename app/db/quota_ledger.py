"""The quota ledger in PostgreSQL: one row a call, one lock a key, and no counter that could drift."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from app.domain import quotas
from app.domain.quotas import AllowanceUsage, Denied, Permit, Spending, WindowUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection, Database
    from app.domain.quotas import Allowance, CallResult
    from app.ports.clock import Clock

RESERVE = "CALL groat_reserve(%s, %s, %s, %s, %s, NULL, NULL, NULL, NULL)"
# Never later than it was: a reply can only end the uncertainty sooner.
SETTLE = """
UPDATE provider_calls SET settled = true,
  last_us = least(last_us, greatest(at_us, %(now)s)),
  last_wall = least(last_wall, at_wall + greatest(0, %(now)s - at_us) / %(speed)s * interval '1 microsecond'),
  outcome = %(outcome)s, status = %(status)s, reply_bytes = %(reply_bytes)s,
  duration_ms = %(duration_ms)s, error = %(error)s
WHERE id = %(id)s AND NOT settled
"""
BLOCK = """
UPDATE allowances SET
  blocked_us = greatest(%(now)s + %(span)s, CASE WHEN blocked_clock = %(clock)s THEN blocked_us
    ELSE %(now)s + (extract(epoch FROM blocked_wall - clock_timestamp()) * 1e6 * %(speed)s)::bigint END),
  blocked_wall = greatest(blocked_wall, clock_timestamp() + %(span)s / %(speed)s * interval '1 microsecond'),
  blocked_clock = %(clock)s, blocked_why = %(why)s
WHERE id = %(id)s
"""
BLOCKED = """
SELECT CASE WHEN blocked_clock = %(clock)s THEN blocked_us - %(now)s
            ELSE (extract(epoch FROM blocked_wall - clock_timestamp()) * 1e6)::bigint + 1000000 END, blocked_why
FROM allowances WHERE id = %(id)s AND blocked_clock IS NOT NULL
"""
LAST_DAY = """
SELECT coalesce(outcome, CASE WHEN last_us > %(now)s THEN 'in_flight' ELSE 'lost' END), count(*)
FROM provider_calls
WHERE allowance = %(id)s
  AND ((clock_id = %(clock)s AND last_us > %(now)s - 86400000000 AND at_us > %(now)s - 86400000000)
    OR (clock_id <> %(clock)s AND last_wall > clock_timestamp() - interval '1 day'
        AND at_wall > clock_timestamp() - interval '1 day'))
GROUP BY 1 ORDER BY 1
"""
DECLARE = """
INSERT INTO allowances (id, provider, hold_us) VALUES (%s, %s, %s)
ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, hold_us = excluded.hold_us
"""
DECLARE_WINDOW = """
INSERT INTO quota_windows (allowance, span_us, max_calls) VALUES (%s, %s, %s)
ON CONFLICT (allowance, span_us) DO UPDATE SET max_calls = excluded.max_calls
"""


class PostgresLedger:
    """Reserve, settle and describe provider calls.

    Exact for any number of processes on one machine: the quota clock is the machine's boot clock, or a replay's.
    Raises DependencyDownError when PostgreSQL is away: no reservation, no call.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use a pool of autocommit connections: a reservation commits on its own."""
        self._database = database
        self._clock = clock
        self._declared: set[Allowance] = set()

    async def declare(self, allowance: Allowance) -> None:
        """Make the stored windows those of the code."""
        async with self._database.transaction() as connection:
            await connection.execute(DECLARE, [allowance.id, allowance.provider, allowance.hold_us])
            spans = [window.span_us for window in allowance.windows]
            await connection.execute(
                "DELETE FROM quota_windows WHERE allowance = %s AND span_us <> ALL(%s)", [allowance.id, spans]
            )
            for window in allowance.windows:
                await connection.execute(DECLARE_WINDOW, [allowance.id, window.span_us, window.max_calls])
        self._declared.add(allowance)

    async def reserve(self, allowance: Allowance, purpose: str) -> Permit | Denied:
        """Reserve one call, or say when to ask again."""
        if allowance not in self._declared:
            await self.declare(allowance)
        clock = self._clock
        at_us = clock.quota_us()
        async with self._database.connection() as connection:
            cursor = await connection.execute(RESERVE, [allowance.id, clock.clock_id, at_us, clock.speed, purpose])
            row = await cursor.fetchone()
        call_id, soonest, latest, why = cast("tuple[int | None, int, int, str]", row)
        if call_id is None:
            return Denied(soonest_us=soonest, latest_us=latest, why=why)
        return Permit(call_id=call_id, allowance=allowance.id, at_us=at_us)

    async def settle(self, permit: Permit, result: CallResult) -> None:
        """Record the end of a call; the first settlement stands."""
        values = {
            "id": permit.call_id,
            "now": self._clock.quota_us(),
            "speed": self._clock.speed,
            "outcome": result.outcome,
            "status": result.status,
            "reply_bytes": result.reply_bytes,
            "duration_ms": result.duration_ms,
            "error": result.error,
        }
        async with self._database.connection() as connection:
            await connection.execute(SETTLE, values)

    async def block(self, allowance: Allowance, for_us: int, why: str) -> None:
        """Grant nothing until then, or longer if that was already so."""
        now = self._clock.quota_us()
        values = {
            "id": allowance.id,
            "clock": self._clock.clock_id,
            "now": now,
            "speed": self._clock.speed,
            "span": for_us,
            "why": why,
        }
        async with self._database.connection() as connection:
            await connection.execute(BLOCK, values)

    async def spending(self, allowance: Allowance) -> Spending:
        """Return what rests now, and any block."""
        now = self._clock.quota_us()
        async with self._database.connection() as connection:
            return await self._spending(connection, allowance, now)

    async def usage(self, allowances: Sequence[Allowance]) -> list[AllowanceUsage]:
        """Describe allowances for people."""
        async with self._database.connection() as connection:
            return [await self._describe(connection, allowance) for allowance in allowances]

    async def _spending(self, connection: Connection, allowance: Allowance, now: int) -> Spending:
        key = {"id": allowance.id, "clock": self._clock.clock_id, "now": now}
        cursor = await connection.execute(
            "SELECT late_us FROM groat_resting(%(id)s, %(clock)s, %(now)s) ORDER BY late_us", key
        )
        lates = tuple(cast("int", late) for (late,) in await cursor.fetchall())
        row = await (await connection.execute(BLOCKED, key)).fetchone()
        blocked_us, why = cast("tuple[int, str]", row) if row else (0, None)
        if blocked_us <= 0:
            return Spending(lates_us=lates)
        return Spending(lates_us=lates, blocked_us=blocked_us, blocked_why=why)

    async def _describe(self, connection: Connection, allowance: Allowance) -> AllowanceUsage:
        now, market = self._clock.quota_us(), self._clock.now()
        spending = await self._spending(connection, allowance, now)
        key = {"id": allowance.id, "clock": self._clock.clock_id, "now": now}
        outcomes = await (await connection.execute(LAST_DAY, key)).fetchall()
        lates = spending.lates_us
        alone = Spending(lates_us=lates)
        return AllowanceUsage(
            provider=allowance.provider,
            allowance=allowance.id,
            windows=tuple(
                WindowUsage(
                    max_calls=window.max_calls,
                    span_s=window.span_s,
                    resting=quotas.resting(window, lates),
                    next_free=market + timedelta(microseconds=quotas.free_in_us([window], alone)),
                )
                for window in allowance.windows
            ),
            next_free=market + timedelta(microseconds=quotas.free_in_us(allowance.windows, spending)),
            blocked_until=market + timedelta(microseconds=spending.blocked_us) if spending.blocked_us else None,
            blocked_why=spending.blocked_why,
            calls_last_day={cast("str", outcome): cast("int", count) for outcome, count in outcomes},
        )
