"""Where the replay stands: its clock, and whether its market is open or has ended."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Literal

import msgspec

from app.replay import market_day

if TYPE_CHECKING:
    from app.ports.clock import Clock
    from app.replay.data.market_data import MarketData


class ReplayState(msgspec.Struct, frozen=True, kw_only=True):
    """The market clock of a replay. `now` is aware UTC, `state` is ended when nothing new will come."""

    now: datetime
    quota_us: int
    clock_id: str
    speed: float
    state: Literal["open", "closed", "ended"]
    until: datetime
    message: str


def read(clock: Clock, data: MarketData, market_until: datetime | None) -> ReplayState:
    """Read the clock and say what its time means for the data.

    The replay ends where the clock stops, or when the last session of the data is served.
    """
    now = clock.now()
    last_served = market_day.at(data.last, market_day.END_OF_DAY)
    until = last_served if market_until is None else min(market_until, last_served)
    if now >= until:
        state: Literal["open", "closed", "ended"] = "ended"
        message = (
            f"The replay has reached its end on {market_day.today(until)}: set GROAT_CLOCK__MARKET_AT to begin again."
        )
    else:
        is_session = data.bars.holds(market_day.today(now))
        state = "open" if market_day.phase(now, is_session=is_session) == "open" else "closed"
        message = f"The market is {state}; the replay goes on until {market_day.today(until)}."
    return ReplayState(
        now=now,
        quota_us=clock.quota_us(),
        clock_id=clock.clock_id,
        speed=clock.speed,
        state=state,
        until=until,
        message=message,
    )
