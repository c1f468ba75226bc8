"""Plan what to ask the providers for, from what is settled and what is left of the allowance."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset
from app.domain.fetch_plan import Deferred, FetchPlan, PlanState, Sweep, make_plan
from app.domain.gaps import Gaps, Reach, Span, find_gaps
from app.domain.quotas import Spending
from app.domain.sessions import US_EQUITIES

if TYPE_CHECKING:
    from app.ports.providers import Provider
    from app.services.desk import Desk

ACTIONS_EVERY = timedelta(days=1)
INSTRUMENTS_EVERY = timedelta(days=7)
# Actions are announced, and corrected, around their dates: each sweep goes back this far.
ACTIONS_BACK = timedelta(days=30)
# What a plan of two years holds is asked for when nobody has a key, only to say what is missing.
NOBODYS_HISTORY = timedelta(days=729)


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to plan for.

    `window` narrows the sessions; `force` plans those that were answered already as well. `whole_sweeps` asks for all
    actions since the first session again, however fresh they are; `first_sweeps` is False to leave the first
    sweep of a dataset to somebody else.
    """

    datasets: frozenset[Dataset] = frozenset(Dataset)
    window: Span | None = None
    force: bool = False
    whole_sweeps: bool = False
    first_sweeps: bool = True


EVERYTHING = PlanRequest()


async def plan_fetches(desk: Desk, request: PlanRequest = EVERYTHING) -> FetchPlan:
    """Return the calls to make, in order, and the reason for each gap that is left for later. Asks no provider."""
    now, today = desk.clock.now(), desk.today()
    able = desk.providers.able(Dataset.BARS_DAILY)
    provider = able[0] if able else None
    reach = reach_of(provider, today)
    under_way = await desk.coverage.under_way()
    gaps, calendar = Gaps(), []
    if Dataset.BARS_DAILY in request.datasets:
        first, last = (request.window.start, request.window.end) if request.window else (reach.first, today)
        calendar = await desk.sessions.between(US_EQUITIES, first, min(last, today))
        if request.window:
            calendar = [session for session in calendar if session.session in request.window]
        settled = () if request.force else await desk.coverage.settled(Dataset.BARS_DAILY)
        gaps = find_gaps(calendar, settled, reach, now)
    state = PlanState(
        now=now,
        today=today,
        provider=provider.name if provider else None,
        windows=provider.allowance.windows if provider else (),
        spending=await desk.ledger.spending(provider.allowance) if provider else Spending(),
        gaps=gaps,
        sweeps=await sweeps(desk, request, reach.first),
        refusals={r.dataset: r for r in await desk.coverage.refusals(provider.allowance)} if provider else {},
        under_way=under_way,
    )
    plan = make_plan(state)
    if Dataset.BARS_DAILY in request.datasets and await desk.sessions.horizon(US_EQUITIES) is None:
        reason = "the calendar of trading sessions is empty: run `groat migrate`"
        nothing = Deferred(dataset=Dataset.BARS_DAILY, subject="every session", reason=reason)
        plan = msgspec.structs.replace(plan, deferred=(nothing, *plan.deferred))
    return plan


def reach_of(provider: Provider | None, today: date) -> Reach:
    """Return how far the provider's plan goes for daily bars on a day."""
    if provider is None:
        return Reach(first=today - NOBODYS_HISTORY)
    ability = provider.abilities[Dataset.BARS_DAILY]
    oldest = today - ability.history if ability.history is not None else date.min
    return Reach(first=max(oldest, ability.since or date.min), final_delay=ability.final_delay)


async def sweeps(desk: Desk, request: PlanRequest, first: date) -> tuple[Sweep, ...]:
    """Describe the datasets that are asked for as a whole."""
    found = []
    for dataset in (Dataset.SPLITS, Dataset.DIVIDENDS, Dataset.INSTRUMENTS):
        if dataset not in request.datasets:
            continue
        settled = await desk.coverage.settled(dataset)
        last = settled[-1].end - timedelta(days=1) if settled else None
        if last is None and not request.first_sweeps:
            continue
        if dataset is Dataset.INSTRUMENTS:
            found.append(Sweep(dataset=dataset, last=last, every=INSTRUMENTS_EVERY))
            continue
        whole = last is None or request.whole_sweeps or first < settled[-1].start
        since = first if last is None or whole else last - ACTIONS_BACK
        every = timedelta(0) if request.whole_sweeps else ACTIONS_EVERY
        found.append(Sweep(dataset=dataset, last=last, every=every, since=since))
    return tuple(found)
