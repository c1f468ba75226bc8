"""Plan what to ask the providers for, from what is settled, how old answers are, and what is left of the allowances."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import WHOLE_MARKET, Dataset
from app.domain.fetch_plan import Capacity, Deferred, FetchPlan, PlanState, Sweep, make_plan
from app.domain.gaps import Gaps, Reach, Span, find_gaps
from app.domain.plan_breaker import judge
from app.domain.plan_wants import WANTS, Universe
from app.domain.quotas import CallClass, Window
from app.domain.sessions import US_EQUITIES

if TYPE_CHECKING:
    from app.domain.sessions import Session
    from app.ports.providers import Provider
    from app.services.desk import Desk

ACTIONS_EVERY = timedelta(days=1)
INSTRUMENTS_EVERY = timedelta(days=7)
# Actions are announced, and corrected, around their dates: each sweep goes back this far.
ACTIONS_BACK = timedelta(days=30)
# Reports of the last two weeks get their figures, those of the next get their dates.
EARNINGS_EVERY = timedelta(days=1)
EARNINGS_AROUND = timedelta(days=14)
# What a plan of two years holds is asked for when nobody has a key, only to say what is missing.
NOBODYS_HISTORY = timedelta(days=729)
SWEPT = (Dataset.SPLITS, Dataset.DIVIDENDS, Dataset.EARNINGS, Dataset.INSTRUMENTS)


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to plan for.

    `window` narrows the sessions; `force` plans those that were answered already as well. `whole_sweeps` asks for all
    actions since the first session again, however fresh they are; `first_sweeps` is False to leave the first
    sweep of a dataset to somebody else. Calls about instruments are planned as far as the `horizon`.
    """

    datasets: frozenset[Dataset] = frozenset(Dataset)
    window: Span | None = None
    force: bool = False
    whole_sweeps: bool = False
    first_sweeps: bool = True
    horizon: timedelta = timedelta(hours=1)
    call_class: CallClass = CallClass.BACKGROUND


EVERYTHING = PlanRequest()


async def plan_fetches(desk: Desk, request: PlanRequest = EVERYTHING) -> FetchPlan:
    """Return the calls to make, in order, and the reason for each gap that is left for later. Asks no provider."""
    # In a thread: tens of thousands of instruments take a while, and others wait for this process.
    plan = await asyncio.to_thread(make_plan, await plan_state(desk, request))
    if Dataset.BARS_DAILY in request.datasets and await desk.sessions.horizon(US_EQUITIES) is None:
        reason = "the calendar of trading sessions is empty: run `groat migrate`"
        nothing = Deferred(dataset=Dataset.BARS_DAILY, subject="every session", reason=reason)
        plan = msgspec.structs.replace(plan, deferred=(nothing, *plan.deferred))
    return plan


async def plan_state(desk: Desk, request: PlanRequest = EVERYTHING) -> PlanState:
    """Read everything that a plan is made from."""
    now, today = desk.clock.now(), desk.today()
    queued = await desk.planning.queued()
    providers = tuple([await capacity(desk, each, queued.get(each.name, 0)) for each in desk.providers.all()])
    able = desk.providers.able(Dataset.BARS_DAILY)
    reach = reach_of(able[0] if able else None, today)
    wanted = request.datasets - WHOLE_MARKET
    if Dataset.QUOTES in wanted and not await is_open(desk):
        wanted -= {Dataset.QUOTES}
    followed = await desk.planning.followed(wanted, desk.following.watchlist, today) if wanted else None
    return PlanState(
        now=now,
        today=today,
        providers=providers,
        chains={dataset: tuple(each.name for each in desk.providers.able(dataset)) for dataset in Dataset},
        gaps=await gaps_of(desk, request, reach),
        sweeps=await sweeps(desk, request, reach.first),
        under_way=await desk.coverage.under_way(),
        universe=followed.universe if followed else Universe(),
        answers=followed.answers if followed else {},
        wants=tuple(want for want in WANTS if want.dataset in wanted),
        horizon=request.horizon,
        pace=pace(desk),
        speed=desk.clock.speed,
        call_class=request.call_class,
    )


async def capacity(desk: Desk, provider: Provider, queued: int) -> Capacity:
    """Describe a provider to the plan: where its windows stand, what it refuses, and how it fares."""
    allowance = provider.allowance
    return Capacity(
        provider=provider.name,
        windows=allowance.windows,
        subjects={dataset: ability.subjects for dataset, ability in provider.abilities.items()},
        spending=await desk.ledger.spending(allowance),
        refusals={refusal.dataset: refusal for refusal in await desk.coverage.refusals(allowance)},
        breaker=judge(await desk.planning.recent(allowance)),
        queued=queued,
    )


def pace(desk: Desk) -> Window | None:
    """Return how fast this machine is to ask about instruments, as one more window; at the wall's speed none binds."""
    if desk.clock.speed <= 1:
        return None
    return Window(max_calls=max(1, round(desk.following.calls_per_s)), span_s=desk.clock.speed)


async def gaps_of(desk: Desk, request: PlanRequest, reach: Reach) -> Gaps:
    """Return which sessions are missing."""
    if Dataset.BARS_DAILY not in request.datasets:
        return Gaps()
    today = desk.today()
    first, last = (request.window.start, request.window.end) if request.window else (reach.first, today)
    calendar: list[Session] = await desk.sessions.between(US_EQUITIES, first, min(last, today))
    if request.window:
        calendar = [session for session in calendar if session.session in request.window]
    settled = () if request.force else await desk.coverage.settled(Dataset.BARS_DAILY)
    return find_gaps(calendar, settled, reach, desk.clock.now())


async def is_open(desk: Desk) -> bool:
    """Tell whether a session is under way."""
    now, today = desk.clock.now(), desk.today()
    return any(each.open_at <= now < each.close_at for each in await desk.sessions.between(US_EQUITIES, today, today))


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
    for dataset in SWEPT:
        if dataset not in request.datasets:
            continue
        settled = await desk.coverage.settled(dataset)
        last = settled[-1].end - timedelta(days=1) if settled else None
        if dataset is Dataset.EARNINGS:
            found.append(earnings_sweep(desk, last))
            continue
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


def earnings_sweep(desk: Desk, last: date | None) -> Sweep:
    """Describe the sweep of reports: from two weeks back, or as far as the plan goes, to two weeks ahead."""
    today, back = desk.today(), EARNINGS_AROUND
    able = desk.providers.able(Dataset.EARNINGS)
    history = able[0].abilities[Dataset.EARNINGS].history if able else None
    if history is not None:
        back = min(back, history)
    return Sweep(
        dataset=Dataset.EARNINGS,
        last=last,
        every=EARNINGS_EVERY,
        since=today - back,
        until=today + EARNINGS_AROUND,
    )
