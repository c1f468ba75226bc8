"""Simulate the planner from the present state on, to tell when more instruments would have their first answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset
from app.domain.plan_scenario import Future, Scenario, Simulated
from app.domain.plan_simulation import simulate
from app.domain.plan_wants import Tier
from app.domain.sessions import US_EQUITIES
from app.services.plan_fetches import plan_state, reach_of

if TYPE_CHECKING:
    from app.services.desk import Desk

LONGEST_DAYS = 30.0


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulation tells, and the same in words. Times are market time."""

    text: str
    simulated: Simulated


async def simulate_plan(desk: Desk, scenario: Scenario) -> Forecast:
    """Run a scenario on virtual time, in a thread: nothing is asked, and nothing is written.

    What open runs are about to ask is planned anew. A breaker that is open is taken to close.
    """
    state = await plan_state(desk)
    today = desk.today()
    delay = reach_of(next(iter(desk.providers.able(Dataset.BARS_DAILY)), None), today).final_delay
    ahead = today + timedelta(days=scenario.days + 1)
    futures = [
        Future(session=each.session, open_at=each.open_at, close_at=each.close_at, final_at=each.close_at + delay)
        for each in await desk.sessions.between(US_EQUITIES, today, ahead)
        if each.close_at + delay > state.now
    ]
    found = await asyncio.to_thread(simulate, state, scenario, futures)
    return Forecast(text=in_words(found, scenario), simulated=found)


def in_words(found: Simulated, scenario: Scenario) -> str:
    """Say in a line what came of it."""
    calls = sum(found.calls.values())
    spent = f"{calls:,} calls by {found.ended_at:%A %Y-%m-%d %H:%M} UTC"
    if not scenario.add_symbols:
        return spent
    added = f"adding {scenario.add_symbols:,} symbols to the tier {Tier(scenario.tier).name.lower()}"
    if found.finished is not None:
        return f"{added} finishes {found.finished:%A %H:%M} UTC ({found.finished:%Y-%m-%d}), after {spent}"
    if not found.filled:
        return f"{added} asks for nothing: no dataset is wanted of them that a provider here can be asked for"
    left = ", ".join(f"{dataset} lacks {count:,}" for dataset, count in found.left.items())
    return f"{added} does not finish within {scenario.days:g} days: {left}"
