"""What can be simulated of the planner, and what a simulation tells."""

from __future__ import annotations

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


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """When the last of the followed instruments was first asked about a dataset; null while some are `left`."""

    dataset: Dataset
    at: datetime | None
    left: int


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Times are market time, aware UTC; null for what was not done in the time.

    `calls` counts what each provider was asked, `market_calls` those about the whole market, until `backfilled_at` no
    session was missing any more. `filled` follows the added instruments, or all when none was added; `finished` is
    when the last of it was.
    """

    ended_at: datetime
    calls: dict[str, int]
    market_calls: int
    backfilled_at: datetime | None
    filled: tuple[Filled, ...]
    finished: datetime | None
