"""What a fetch plan is made from, and what it says."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, datetime, timedelta

import msgspec

from app.domain.datasets import Dataset  # noqa: TC001  msgspec reads annotations at run time
from app.domain.gaps import Gaps
from app.domain.plan_breaker import CLOSED, Breaker
from app.domain.plan_wants import WANTS, AnswersBy, Universe, Want
from app.domain.quotas import CallClass, Spending, Window


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that is asked for as a whole, page by page.

    `last` is the market day of the last whole sweep; it is wanted again `every` so many days. `since` is the first
    date to ask for, where the dataset has dates, and `until` the last, where both are asked for.
    """

    dataset: Dataset
    last: date | None
    every: timedelta
    since: date | None = None
    until: date | None = None

    @property
    def subject(self) -> str:
        """Return what the call is about."""
        if self.since is None:
            return ""
        return f"{self.since}..{self.until}" if self.until else str(self.since)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider refused, and when it is worth asking again; `through` refuses sessions up to that date only."""

    dataset: Dataset
    reason: str
    ask_again: datetime
    through: date | None = None


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as the plan sees it: what it may be asked for now.

    `windows` are what a planned call must fit into, `spending` where they stand. `subjects` is how many companies one
    call of a dataset is about (0: the whole market). `queued` counts calls that open runs will make.
    """

    provider: str
    windows: tuple[Window, ...]
    subjects: Mapping[Dataset, int]
    spending: Spending = Spending()
    refusals: Mapping[Dataset, Refusal] = {}
    breaker: Breaker = CLOSED
    queued: int = 0


class PlanState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the plan is made from.

    `chains` holds for each dataset the providers in order of preference. `under_way` holds the (dataset, subject) of
    what open runs fetch already. Calls about instruments are planned as far as the `horizon`; `trip` is how long an
    answer takes, `pace` what this machine itself can do beside the providers' windows, `speed` market seconds in a
    machine second.
    """

    now: datetime
    today: date
    providers: tuple[Capacity, ...] = ()
    chains: Mapping[Dataset, tuple[str, ...]] = {}
    gaps: Gaps = Gaps()
    sweeps: tuple[Sweep, ...] = ()
    under_way: frozenset[tuple[str, str]] = frozenset()
    universe: Universe = Universe()
    answers: AnswersBy = {}
    wants: tuple[Want, ...] = WANTS
    horizon: timedelta = timedelta(hours=1)
    trip: timedelta = timedelta(0)
    pace: Window | None = None
    speed: float = 1.0
    call_class: CallClass = CallClass.BACKGROUND

    def chain(self, dataset: Dataset) -> list[Capacity]:
        """Return who can be asked for a dataset, the preferred one first."""
        found = {each.provider: each for each in self.providers}
        return [found[name] for name in self.chains.get(dataset, ()) if name in found]


class PlannedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what for, why, and when it can leave (market time; `in_us` of the quota clock from now).

    `subject` is a session, the first date of a sweep (empty: all of it), or symbols joined by commas. A sweep's further
    pages follow it. `lateness` is age over wanted period, 0 for what concerns the whole market.
    """

    provider: str
    dataset: Dataset
    subject: str
    reason: str
    eta: datetime
    in_us: int
    lateness: float = 0.0


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """Gaps that are not asked for now: `subject` names them, `count` says how many, `until` when that may change."""

    dataset: Dataset
    subject: str
    reason: str
    until: datetime | None = None
    count: int = 1


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a provider in a day, and what its windows allow; `share` is one over the other.

    Above 1, every wanted period stretches by that factor.
    """

    provider: str
    wanted_per_day: float
    allowed_per_day: float
    share: float
    text: str


class FetchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The calls in the order in which they leave, and what is left for later. `done_at` is the last call's time.

    `more` says that calls did not fit before the horizon.
    """

    made_at: datetime
    calls: tuple[PlannedCall, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    loads: tuple[Load, ...] = ()
    done_at: datetime | None = None
    more: bool = False
