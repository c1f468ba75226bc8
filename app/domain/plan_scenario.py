"""What can be simulated of the planner, and what a simulation tells."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, datetime, timedelta

import msgspec

from app.domain.datasets import Dataset  # noqa: TC001  msgspec reads annotations at run time
from app.domain.plan_wants import Tier


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate: for how long, and what happens on the way.

    `add_symbols` instruments of a tier appear at the start. `failures` and `no_data` are shares of calls. On `quotes`
    (a provider) interactive calls arrive each minute of a session, and once an hour a burst of them.
    """

    days: float = 7.0
    add_symbols: int = 0
    tier: Tier = Tier.OTHER
    round: timedelta = timedelta(minutes=15)
    trip: timedelta = timedelta(milliseconds=400)
    failures: float = 0.0
    no_data: float = 0.0
    quotes: str | None = None
    quotes_a_minute: int = 20
    burst: int = 55
    seed: int = 0


class Future(msgspec.Struct, frozen=True, kw_only=True):
    """A session to come: when it opens and closes, and when its bars are final."""

    session: date
    open_at: datetime
    close_at: datetime
    final_at: datetime


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Times are market time; `finished` and `filled` are None for what was not done in the time.

    `filled` tells when every added instrument (or, when none was added, every instrument) had its first answer.
    """

    ended_at: datetime
    calls: Mapping[str, int]
    backfilled_at: datetime | None
    market_calls: int
    filled: Mapping[Dataset, datetime | None]
    finished: datetime | None
    left: Mapping[Dataset, int]
