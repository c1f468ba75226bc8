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
    from datetime import datetime

    from app.services.desk import Desk


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulation tells, and the same in words. Times are market time."""

    text: str
    simulated: Simulated


class PlanSimulator:
    """Runs scenarios from the present state on, one at a time: each takes a processor for a second or a few."""

    def __init__(self, desk: Desk) -> None:
        """Read the state through this desk."""
        self.desk = desk
        self.turn = asyncio.Lock()

    async def run(self, scenario: Scenario) -> Forecast:
        """Run a scenario on virtual time, in a thread: nothing is asked, and nothing is written.

        What open runs are about to ask is planned anew. A breaker that is open is taken to close when its wait is over.
        """
        async with self.turn:
            state = await plan_state(self.desk)
            futures = await self.futures(state.now, scenario.days)
            found = await asyncio.to_thread(simulate, state, scenario, futures)
        return Forecast(text=in_words(found, scenario), simulated=found)

    async def futures(self, now: datetime, days: float) -> list[Future]:
        """Return the sessions whose bars become final in the days to come."""
        today = self.desk.today()
        able = self.desk.providers.able(Dataset.BARS_DAILY)
        delay = reach_of(able[0] if able else None, today).final_delay
        sessions = await self.desk.sessions.between(US_EQUITIES, today, today + timedelta(days=days + 1))
        return [
            Future(session=each.session, open_at=each.open_at, close_at=each.close_at, final_at=each.close_at + delay)
            for each in sessions
            if each.close_at + delay > now
        ]


def in_words(found: Simulated, scenario: Scenario) -> str:
    """Say in a line what came of it."""
    calls = sum(found.calls.values())
    spent = f"{calls:,} calls by {found.ended_at:%A %Y-%m-%d %H:%M} UTC"
    if not scenario.add_symbols:
        return spent
    added = f"adding {scenario.add_symbols:,} symbols to the tier {Tier(scenario.tier).name.lower()}"
    if scenario.failures:
        added += f", with {scenario.failures:.0%} of calls in vain,"
    if found.finished is not None:
        return f"{added} finishes {found.finished:%A %H:%M} UTC ({found.finished:%Y-%m-%d}), after {spent}"
    if not found.filled:
        return f"{added} asks for nothing: no dataset is wanted of them that a provider here can be asked for"
    left = ", ".join(f"{each.dataset} lacks {each.left:,}" for each in found.filled if each.at is None)
    return f"{added} does not finish within {scenario.days:g} days: {left}"
