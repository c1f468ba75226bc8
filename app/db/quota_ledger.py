"""The quota ledger in PostgreSQL: one row a call, one lock a key, and no counter that could drift."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from app.db import quota_sql as sql
from app.domain import quotas
from app.domain.quotas import SECOND_US, AllowanceUsage, CallClass, Denied, Permit, Spending, Window, WindowUsage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.db.engine import Connection, Database
    from app.domain.quotas import Allowance, CallResult, LimitHint
    from app.ports.clock import Clock

ANY = "any"
MOST_INTEGER = 2**31 - 1


class PostgresLedger:
    """Reserve, settle and describe provider calls.

    Exact for any number of processes: the quota clock is the machine's boot clock, or a replay's, and the calls of
    other machines are judged by the database server's time, corrected for its jumps.
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
            await connection.execute(sql.DECLARE, [allowance.id, allowance.provider, allowance.hold_us])
            windows = [(window.only or ANY, window.span_us, window.max_calls) for window in allowance.windows]
            classes, spans = [each for each, _, _ in windows], [span for _, span, _ in windows]
            await connection.execute(sql.FORGET_WINDOWS, [allowance.id, classes, spans])
            for window in windows:
                await connection.execute(sql.DECLARE_WINDOW, [allowance.id, *window])
        self._declared.add(allowance)

    async def reserve(
        self, allowance: Allowance, purpose: str, call_class: CallClass = CallClass.INTERACTIVE
    ) -> Permit | Denied:
        """Reserve one call, or say when to ask again."""
        if allowance not in self._declared:
            await self.declare(allowance)
        async with self._database.connection() as connection:
            values = await self._timed(connection, allowance)
            cursor = await connection.execute(sql.RESERVE, values | {"class": call_class, "purpose": purpose})
            row = await cursor.fetchone()
        call_id, soonest, latest, why = cast("tuple[int | None, int, int, str]", row)
        if call_id is None:
            return Denied(soonest_us=soonest, latest_us=latest, why=why)
        return Permit(call_id=call_id, allowance=allowance.id, at_us=cast("int", values["now"]))

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
            await connection.execute(sql.SETTLE, values)

    async def block(self, allowance: Allowance, for_us: int, why: str) -> None:
        """Grant nothing until then, or longer if that was already so."""
        async with self._database.connection() as connection:
            values = await self._timed(connection, allowance)
            await connection.execute(sql.BLOCK, values | {"span": for_us, "why": why})

    async def tighten(self, allowance: Allowance, hint: LimitHint) -> int:
        """Obey a reply's headers, where they are stricter; return how many calls they add."""
        told = {
            "span": round(hint.span_s * SECOND_US),
            "limit": None if hint.limit is None else min(hint.limit, MOST_INTEGER),
            "remaining": None if hint.remaining is None else max(min(hint.remaining, MOST_INTEGER), 0),
        }
        async with self._database.connection() as connection:
            values = await self._timed(connection, allowance)
            cursor = await connection.execute(sql.TIGHTEN, values | told)
            (added,) = cast("tuple[int]", await cursor.fetchone())
        return added

    async def loosen(self, provider: str) -> int:
        """Forget what a provider told of lower limits, and its blocks; return for how many keys."""
        async with self._database.transaction() as connection:
            cursor = await connection.execute(sql.LOOSEN, {"provider": provider})
            (keys,) = cast("tuple[int]", await cursor.fetchone())
        return keys

    async def block_all(self, why: str) -> int:
        """Block every allowance for its longest window; return how many there are."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(sql.BLOCK_ALL, await self._timed(connection) | {"why": why})
            return cursor.rowcount

    async def note_time(self, allowance: Allowance, provider_time: datetime) -> None:
        """Remember how far the provider's clock is from this server's."""
        async with self._database.connection() as connection:
            await connection.execute(sql.NOTE_TIME, {"id": allowance.id, "provider_time": provider_time})

    async def prune(self, keep: timedelta, *, most: int) -> int:
        """Delete old calls, a bounded number of each key; return how many."""
        async with self._database.connection() as connection:
            values = await self._timed(connection)
            cursor = await connection.execute(sql.PRUNE, values | {"keep": keep, "most": most})
            return sum(cast("int", deleted) for (deleted,) in await cursor.fetchall())

    async def spending(self, allowance: Allowance) -> Spending:
        """Return what rests now, and any block."""
        async with self._database.connection() as connection:
            spending, _ = await self._spending(connection, allowance)
        return spending

    async def usage(self, allowances: Sequence[Allowance]) -> list[AllowanceUsage]:
        """Describe allowances for people."""
        async with self._database.connection() as connection:
            return [await self._describe(connection, allowance) for allowance in allowances]

    async def _timed(self, connection: Connection, allowance: Allowance | None = None) -> dict[str, object]:
        """Read the clocks, the server's first: it then knows how old the reading of ours can be at most.

        No other host knows a replay's clock: nothing is to be corrected for it.
        """
        told = None
        if not self._clock.clock_id.startswith("replay:"):
            row = await (await connection.execute(sql.SERVER_TIME)).fetchone()
            (told,) = cast("tuple[datetime]", row)
        values = {"clock": self._clock.clock_id, "now": self._clock.quota_us(), "speed": self._clock.speed}
        return {**values, "told": told, "id": allowance.id if allowance else None}

    async def _spending(self, connection: Connection, allowance: Allowance) -> tuple[Spending, float | None]:
        """Return also the skew of the provider's clock."""
        clock = self._clock
        key = {"id": allowance.id, "clock": clock.clock_id, "now": clock.quota_us(), "speed": clock.speed}
        rows = cast("list[tuple[int, str]]", await (await connection.execute(sql.RESTING, key)).fetchall())
        limits = cast("list[tuple[int, int]]", await (await connection.execute(sql.TOLD_LIMITS, key)).fetchall())
        state = await (await connection.execute(sql.STATE, key)).fetchone()
        blocked_us, why, skew_s = cast("tuple[int | None, str | None, float | None]", state or (None, None, None))
        is_blocked = blocked_us is not None and blocked_us > 0
        spending = Spending(
            lates_us=tuple(late for late, _ in rows),
            by_class={each: tuple(late for late, named in rows if named == each) for each in CallClass},
            told=tuple(Window(max_calls=limit, span_s=span_us / SECOND_US) for span_us, limit in limits),
            blocked_us=blocked_us if blocked_us is not None and is_blocked else 0,
            blocked_why=why if is_blocked else None,
        )
        return spending, skew_s

    async def _describe(self, connection: Connection, allowance: Allowance) -> AllowanceUsage:
        now, market = self._clock.quota_us(), self._clock.now()
        spending, skew_s = await self._spending(connection, allowance)
        key = {"id": allowance.id, "clock": self._clock.clock_id, "now": now}
        outcomes = await (await connection.execute(sql.LAST_DAY, key)).fetchall()
        return AllowanceUsage(
            provider=allowance.provider,
            allowance=allowance.id,
            windows=tuple(described(window, spending, market) for window in allowance.windows),
            next_free=market + timedelta(microseconds=quotas.free_in_us(allowance.windows, spending)),
            blocked_until=market + timedelta(microseconds=spending.blocked_us) if spending.blocked_us else None,
            blocked_why=spending.blocked_why,
            calls_last_day={cast("str", outcome): cast("int", count) for outcome, count in outcomes},
            clock_skew_s=skew_s,
        )


def described(window: Window, spending: Spending, market: datetime) -> WindowUsage:
    """Describe one window at a market time."""
    lower = [told.max_calls for told in spending.told if window.only is None and told.span_us == window.span_us]
    lates = quotas.counted(window, spending)
    most = min([window.max_calls, *lower])
    alone = Window(max_calls=most, span_s=window.span_s)
    return WindowUsage(
        max_calls=most,
        span_s=window.span_s,
        resting=quotas.resting(window, lates),
        next_free=market + timedelta(microseconds=quotas.free_in_us([alone], Spending(lates_us=lates))),
        only=window.only,
        leaves=tuple(
            market + timedelta(microseconds=late + window.span_us) for late in sorted(lates) if late > -window.span_us
        ),
    )
