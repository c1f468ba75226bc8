"""Fetch one symbol's daily bars: to fill the holes that the whole market's bars left, and as a second opinion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from app.domain import quality
from app.domain.pipelines import StepReport
from app.domain.quality import HeldRow
from app.domain.sessions import US_EQUITIES
from app.ports.providers import BarsOfSymbol, ProviderError
from app.services.desk import EXCHANGE_ZONE
from app.services.one_symbol import asked, end_without, listed_symbol, require_same, symbol_source

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.domain.bars import DailyBars
    from app.ports.providers import Ability
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

# Where a plan goes back without end: as far as the whole market is kept on a free plan.
FAR_ENOUGH = timedelta(days=730)
# From midnight to the regular close in New York.
CLOSE = timedelta(hours=16)
# Sessions this near on both sides tell that the stored calendar reaches a day.
LONGEST_CLOSURE = timedelta(days=10)
NO_SESSION = {"no_session": "the exchange's calendar has no session on this date"}


async def fetch_symbol_bars(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store one symbol's bars of sessions that are final; no bar that is stored changes.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    symbol = await listed_symbol(desk, step, call)
    if symbol is None:
        return
    provider = desk.providers.get(call.provider)
    ability = provider.abilities[call.dataset]
    try:
        since = first_day(ability, desk.today())
        until = max(since, last_day(ability, desk.clock.now()))
        reply = await provider.ask(BarsOfSymbol(symbol=symbol, since=since, until=until))
        for told in {reply.symbol, *reply.bars.symbols}:
            require_same(call, told)
    except ProviderError as e:
        await end_without(desk, step, call, e)
        return
    bars, held = quality.check(reply.bars)
    bars, strange, early = await within_calendar(desk, bars, ability.final_delay)
    fetched = symbol_source(desk, step, call, reply, [*held, *strange])
    found = len(reply.bars) > 0
    counts = {"held": len(fetched.held), "not final": early, "nothing known": 0 if found else 1}
    report = StepReport(done=len(bars), skipped={name: count for name, count in counts.items() if count})
    async with step.done(report) as unit:
        await desk.symbol_bars.store(unit, bars, fetched)
        await desk.asks.record(unit, asked(call, fetched, found=found))


def first_day(ability: Ability, today: date) -> date:
    """Return the first day that is worth asking for on a provider's plan."""
    reach = today - min(ability.history or FAR_ENOUGH, FAR_ENOUGH)
    return max(reach, ability.since) if ability.since else reach


def last_day(ability: Ability, now: datetime) -> date:
    """Return the last day that can be final: some refuse the whole answer for a day that is not over."""
    return (now - CLOSE - ability.final_delay).astimezone(EXCHANGE_ZONE).date()


async def within_calendar(desk: Desk, bars: DailyBars, final_delay: timedelta) -> tuple[DailyBars, list[HeldRow], int]:
    """Return the bars of sessions that are final, those on days without a session, and how many are not final yet.

    Days that the stored calendar does not reach count among the latter.
    """
    if not len(bars):
        return bars, [], 0
    days = bars.sessions.tolist()
    sessions = await desk.sessions.between(US_EQUITIES, min(days) - LONGEST_CLOSURE, max(days) + LONGEST_CLOSURE)
    now = desk.clock.now()
    final = {session.session for session in sessions if session.close_at + final_delay <= now}
    every = {session.session for session in sessions}
    first, last = (sessions[0].session, sessions[-1].session) if sessions else (max(days), min(days))
    strange = [i for i, day in enumerate(days) if day not in every and first <= day <= last]
    keep = np.array([day in final for day in days], dtype=bool)
    held = [
        HeldRow(
            symbol=bars.symbols[i],
            session=days[i],
            rule="no_session",
            evidence=NO_SESSION,
            row={name: value for name, value in quality.values(bars, i).items() if np.isfinite(value)},
        )
        for i in strange
    ]
    return quality.take(bars, keep), held, len(days) - int(keep.sum()) - len(strange)
