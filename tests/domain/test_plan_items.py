"""Who is asked about whom: by lateness, within the slots, of those who can, and nothing forgotten."""

from datetime import timedelta
from itertools import product
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.domain.datasets import Dataset
from app.domain.fetch_plan import Capacity, Deferred, FetchPlan, PlanState, Refusal, make_plan
from app.domain.plan_breaker import Breaker
from app.domain.plan_items import Asker, Due, assign
from app.domain.plan_wants import NEVER_HAD, WANTS, Tier, Want
from app.domain.quotas import Outcome, Spending, Window
from tests.fakes.planning import ALL, ALPHA_VANTAGE, FINNHUB, NEWSAPI, NOW, POLYGON, answers, state, universe

HOUR = timedelta(hours=1)
FUNDAMENTALS = tuple(want for want in WANTS if want.dataset is Dataset.FUNDAMENTALS)
BROKEN = Breaker(state="open", wait_s=90, failures=7, kind=Outcome.SERVER_ERROR)


def subjects(plan: FetchPlan, provider: str = "finnhub") -> list[str]:
    return [call.subject for call in plan.calls if call.provider == provider]


def test_lateness_is_age_over_the_wanted_period_and_what_was_never_had_has_its_place() -> None:
    told = answers(4, {0: 5 * HOUR, 1: 36 * HOUR, 2: 25 * HOUR})
    who = universe(1, 1, 2)
    plan = make_plan(
        state(FINNHUB, universe=who, answers={(Dataset.FUNDAMENTALS, "finnhub"): told}, wants=FUNDAMENTALS)
    )
    assert [(call.subject, call.lateness) for call in plan.calls] == [
        ("S1", 1.5),
        ("S3", NEVER_HAD[Tier.OTHER]),
        ("S2", 1.042),
    ]
    assert [call.reason for call in plan.calls] == [
        "fundamentals of S1: 36 h old, wanted every 24 h (1.5x)",
        "fundamentals of S3: never had, for the other instruments",
        "fundamentals of S2: 25 h old, wanted every 24 h (1.0x)",
    ]
    assert plan.deferred == ()


def test_who_knew_nothing_is_left_alone_until_its_time_and_others_are_asked_instead() -> None:
    told = answers(1, {0: HOUR}, {0: 1})
    missed = {(Dataset.FUNDAMENTALS, "finnhub"): told}
    alone = make_plan(state(FINNHUB, universe=universe(0, 1, 0), answers=missed, wants=FUNDAMENTALS))
    assert alone.calls == ()
    [gap] = alone.deferred
    assert gap.reason == "nothing was known of it: asked again after a growing wait"
    assert gap.until == NOW + 23 * HOUR
    both = make_plan(state(FINNHUB, ALPHA_VANTAGE, universe=universe(0, 1, 0), answers=missed, wants=FUNDAMENTALS))
    assert subjects(both, "alpha_vantage") == ["S0"]


def test_a_provider_that_fails_or_refuses_is_replaced_and_the_reason_is_said() -> None:
    refusal = Refusal(dataset=Dataset.FUNDAMENTALS, reason="not in the plan", ask_again=NOW + 100 * HOUR)
    for out in (
        msgspec.structs.replace(FINNHUB, breaker=BROKEN),
        msgspec.structs.replace(FINNHUB, refusals={Dataset.FUNDAMENTALS: refusal}),
    ):
        plan = make_plan(state(out, ALPHA_VANTAGE, universe=universe(3, 0, 0), wants=FUNDAMENTALS))
        assert subjects(plan, "finnhub") == []
        assert sorted(subjects(plan, "alpha_vantage")) == ["S0", "S1", "S2"]
        alone = make_plan(state(out, universe=universe(3, 0, 0), wants=FUNDAMENTALS))
        [gap] = alone.deferred
        assert gap.count == 3
        assert gap.until is not None
        assert "not in the plan" in gap.reason or "server_error" in gap.reason


def test_after_a_breaker_one_call_tries() -> None:
    trying = Breaker(state="half_open", failures=7, kind=Outcome.UNREACHABLE)
    plan = make_plan(
        state(msgspec.structs.replace(FINNHUB, breaker=trying), universe=universe(9, 0, 0), wants=FUNDAMENTALS)
    )
    assert len(plan.calls) == 1
    assert [gap.count for gap in plan.deferred] == [8]


def test_newsapi_is_asked_about_twenty_companies_at_once() -> None:
    plan = make_plan(
        state(NEWSAPI, FINNHUB, universe=universe(0, 45, 0), wants=tuple(w for w in WANTS if w.dataset is Dataset.NEWS))
    )
    groups = [subject.split(",") for subject in subjects(plan, "newsapi")]
    assert [len(group) for group in groups] == [20, 20, 5]
    assert len(subjects(plan)) == 45


def test_few_calls_are_kept_for_what_only_they_can_tell() -> None:
    plan = make_plan(state(*ALL, universe=universe(50, 450, 5_500), wants=WANTS))
    assert {call.dataset for call in plan.calls if call.provider == "alpha_vantage"} == {Dataset.FUNDAMENTALS}
    # Polygon has slots to spare, and gives news too.
    assert len(subjects(plan, "polygon")) == 300
    assert len(subjects(plan)) == 1_800


def test_a_spent_day_and_seven_days_are_told_from_each_other() -> None:
    spent = msgspec.structs.replace(ALPHA_VANTAGE, spending=Spending(lates_us=(-3_600_000_000,) * 25))
    plan = make_plan(state(spent, universe=universe(50, 450, 0), wants=FUNDAMENTALS[1:]))
    assert plan.calls == ()
    told = {gap.subject: gap for gap in plan.deferred}
    watchlist, index = told["50 instruments of the watchlist"], told["450 instruments of the index"]
    assert watchlist.until is not None
    assert NOW + 24 * HOUR < watchlist.until < NOW + 7 * 24 * HOUR
    assert index.until is None
    assert "more than 7 days" in index.reason


def test_the_reason_tells_the_age_that_the_lateness_comes_of() -> None:
    """NewsAPI's word of a minute ago does not make Finnhub's news of a day ago fresh."""
    told = {
        (Dataset.NEWS, "finnhub"): answers(1, {0: 24 * HOUR}),
        (Dataset.NEWS, "newsapi"): answers(1, {0: HOUR / 60}),
    }
    plan = make_plan(state(FINNHUB, NEWSAPI, universe=universe(0, 1, 0), wants=WANTS, answers=told))
    [news] = [call for call in plan.calls if call.dataset is Dataset.NEWS]
    assert (news.provider, news.reason) == ("finnhub", "news of S0: 24 h old, wanted every 2 h (12.0x)")


def test_what_is_asked_already_is_not_asked_twice() -> None:
    busy = frozenset({("fundamentals", "S0"), ("news", "S1,S2")})
    plan = make_plan(state(FINNHUB, universe=universe(3, 0, 0), wants=(*FUNDAMENTALS[:1], WANTS[2]), under_way=busy))
    assert sorted((call.dataset.value, call.subject) for call in plan.calls) == [
        ("fundamentals", "S1"),
        ("fundamentals", "S2"),
        ("news", "S0"),
    ]
    assert sum(gap.count for gap in plan.deferred if "open run" in gap.reason) == 3


def test_loads_say_by_how_much_everything_stretches() -> None:
    [load] = make_plan(state(FINNHUB, universe=universe(50, 450, 5_500))).loads
    assert load.text == "finnhub is asked for 0.64 of its share (27,550 of 43,200 calls a day)"
    [load] = make_plan(state(FINNHUB, universe=universe(0, 0, 20_000))).loads
    assert load.share > 1
    assert "times as late as wanted" in load.text


AGES = st.dictionaries(st.integers(0, 19), st.integers(0, 400).map(lambda quarters: quarters * HOUR / 4))
CAPACITIES = st.tuples(*(
    st.builds(
        lambda each, spent, most, breaker, refused: msgspec.structs.replace(
            each,
            windows=(Window(max_calls=most, span_s=900),),
            spending=Spending(lates_us=tuple(-number * 60_000_000 for number in range(spent))),
            breaker=breaker,
            refusals={dataset: Refusal(dataset=dataset, reason="no", ask_again=NOW + HOUR) for dataset in refused},
        ),
        st.just(each),
        st.integers(0, 5),
        st.integers(1, 6),
        st.sampled_from([Breaker(), Breaker(), BROKEN]),
        st.sets(st.sampled_from([Dataset.NEWS, Dataset.FUNDAMENTALS]), max_size=1),
    )
    for each in ALL
))  # fmt: skip


@st.composite
def states(draw: st.DrawFn) -> PlanState:
    who = universe(draw(st.integers(0, 5)), draw(st.integers(0, 5)), draw(st.integers(0, 10)))
    told: dict[Any, Any] = {}
    for dataset, provider in product([Dataset.NEWS, Dataset.FUNDAMENTALS, Dataset.PROFILES], ["finnhub", "newsapi"]):
        ages = {place: age for place, age in draw(AGES).items() if place < len(who)}
        missed = {place: 1 for place in ages if draw(st.booleans())}
        told[dataset, provider] = answers(len(who), ages, missed)
    busy = draw(st.frozensets(st.sampled_from([("news", "S0"), ("news", "S1,S2"), ("profiles", "S3")]), max_size=2))
    return state(
        *draw(CAPACITIES), universe=who, answers=told, under_way=busy, horizon=draw(st.sampled_from([HOUR, HOUR / 4]))
    )


@given(states())
def test_every_plan_is_sound_and_says_everything(made: PlanState) -> None:
    plan = make_plan(made)
    assert msgspec.json.encode(plan) == msgspec.json.encode(make_plan(made))
    by_provider = {each.provider: each for each in made.providers}
    for name, capacity in by_provider.items():
        calls = [call for call in plan.calls if call.provider == name]
        check_provider(capacity, calls, made.horizon)
        # The latest leave first.
        late = [call.lateness for call in calls]
        assert late == sorted(late, reverse=True)
    check_gaps(made, plan)


def check_provider(capacity: Capacity, calls: list[Any], horizon: timedelta) -> None:
    assert not calls or capacity.breaker.state == "closed"
    assert all(call.in_us < horizon / timedelta(microseconds=1) for call in calls)
    assert not {call.dataset for call in calls} & capacity.refusals.keys()
    assert {call.dataset for call in calls} <= capacity.subjects.keys()
    [window] = capacity.windows
    times = sorted([*capacity.spending.lates_us, *(call.in_us for call in calls)])
    for at in times:
        assert sum(at - window.span_us < other <= at for other in times) <= window.max_calls or at <= 0
    for call in calls:
        assert len(call.subject.split(",")) <= capacity.subjects[call.dataset]


def check_gaps(made: PlanState, plan: FetchPlan) -> None:
    """What is due, counted the simple way, is what is in calls and what waits with a reason."""
    asked: dict[Dataset, list[str]] = {}
    for call in plan.calls:
        asked.setdefault(call.dataset, []).extend(call.subject.split(","))
    waits: dict[Dataset, int] = {}
    for gap in plan.deferred:
        assert gap.reason
        waits[gap.dataset] = waits.get(gap.dataset, 0) + (gap.count if "open run" not in gap.reason else 0)
    for dataset in (Dataset.NEWS, Dataset.FUNDAMENTALS, Dataset.PROFILES):
        due = sum(counted_due(made, want) for want in made.wants if want.dataset is dataset)
        assert len(asked.get(dataset, [])) + waits.get(dataset, 0) == due


def counted_due(made: PlanState, want: Want) -> int:
    """Count what is due of a want, one instrument at a time."""
    usable = {
        each.provider
        for each in made.providers
        if want.dataset in each.subjects and want.dataset not in each.refusals and each.breaker.state == "closed"
    }
    own = {other.provider for other in made.wants if other.dataset is want.dataset and other.provider}
    reserved = {other.provider for other in WANTS if other.provider}
    able = usable - reserved or usable
    aside = own if not own & able else set()
    if want.provider and want.provider in able:
        return 0  # it is asked for anybody's word
    busy = {symbol for dataset, subject in made.under_way if dataset == want.dataset for symbol in subject.split(",")}
    count = 0
    for place, symbol in enumerate(made.universe.symbols):
        period = want.periods[made.universe.tiers[place]]
        told = [
            each.asked_us[place]
            for (dataset, name), each in made.answers.items()
            if dataset is want.dataset and (name == want.provider if want.provider else name not in aside)
            if each.misses[place] == 0 and each.asked_us[place] > 0
        ]
        old = NOW.timestamp() * 1e6 - max(told, default=0)
        due = period is not None and (not told or old >= period / timedelta(microseconds=1))
        count += due and symbol not in busy
    return count


@given(st.lists(st.floats(1, 50), min_size=1, max_size=12), st.integers(0, 12), st.integers(0, 5))
def test_more_allowance_never_makes_anything_later(late: list[float], calls: int, extra: int) -> None:
    due = [Due(0, (0,), np.arange(len(late)), np.array(late))]
    want = (Want(Dataset.PROFILES, (HOUR, HOUR, HOUR)),)
    ranks = []
    for most in (calls, calls + extra):
        [made] = assign(due, want, [Asker(provider="p", calls=most, subjects={Dataset.PROFILES: 1})]).calls
        ranks.append({call.positions[0]: rank for rank, call in enumerate(made)})
    assert ranks[0].items() <= ranks[1].items()


MASKS = st.lists(st.tuples(st.floats(1, 9), st.integers(1, 7)), min_size=1, max_size=7)


@given(MASKS, st.tuples(*[st.integers(0, 3)] * 3))
def test_the_greedy_choice_is_close_to_the_best_matching(
    items: list[tuple[float, int]], calls: tuple[int, ...]
) -> None:
    """Beside the best of all ways to give items to providers; at least two thirds of it, and nearly always all."""
    wants = (Want(Dataset.PROFILES, (HOUR, HOUR, HOUR)),)
    askers = [Asker(provider=str(n), calls=most, subjects={Dataset.PROFILES: 1}) for n, most in enumerate(calls)]
    due = [
        Due(0, tuple(bit for bit in range(3) if mask >> bit & 1), np.array([place]), np.array([late]))
        for place, (late, mask) in enumerate(items)
    ]
    made = assign(due, wants, askers)
    served = sum(call.late for each in made.calls for call in each)
    best = best_of(items, list(calls))
    assert served <= best + 1e-9
    assert served >= best * 2 / 3 - 1e-9


def best_of(items: list[tuple[float, int]], calls: list[int]) -> float:
    if not items:
        return 0.0
    (late, mask), *rest = items
    found = best_of(rest, calls)
    for asker in range(3):
        if mask >> asker & 1 and calls[asker]:
            calls[asker] -= 1
            found = max(found, late + best_of(rest, calls))
            calls[asker] += 1
    return found


def test_a_gap_is_told_by_symbol_when_it_is_one() -> None:
    plan = make_plan(state(universe=universe(1, 0, 0), wants=FUNDAMENTALS))
    assert plan.deferred == (
        Deferred(
            dataset=Dataset.FUNDAMENTALS,
            subject="S0",
            reason="no provider of this dataset has a key: set FINNHUB_API_KEY",
        ),
    )


def test_polygons_spare_slots_are_behind_the_whole_market() -> None:
    plan = make_plan(state(msgspec.structs.replace(POLYGON, queued=400), universe=universe(5, 0, 0), wants=(WANTS[2],)))
    assert plan.calls == ()
    assert "whole market" in plan.deferred[0].reason
