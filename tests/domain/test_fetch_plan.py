"""The plan: pure, ordered, within the allowance, and silent about nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.domain.datasets import Dataset
from app.domain.fetch_plan import Capacity, FetchPlan, PlanState, Refusal, Sweep, make_plan
from app.domain.gaps import Gaps
from app.domain.plan_breaker import Breaker
from app.domain.quotas import Outcome, Spending, Window

NOW = datetime(2010, 4, 26, 13, 30, tzinfo=UTC)
TODAY = date(2010, 4, 26)
FIVE = (Window(max_calls=5, span_s=60),)
SWEEPS = (
    Sweep(dataset=Dataset.SPLITS, last=None, every=timedelta(days=1), since=date(2009, 8, 21)),
    Sweep(dataset=Dataset.DIVIDENDS, last=date(2010, 4, 25), every=timedelta(days=1), since=date(2010, 3, 26)),
    Sweep(dataset=Dataset.INSTRUMENTS, last=date(2010, 4, 20), every=timedelta(days=7)),
)


SUBJECTS = dict.fromkeys((Dataset.BARS_DAILY, Dataset.SPLITS, Dataset.DIVIDENDS, Dataset.INSTRUMENTS), 0)
CHAINS = dict.fromkeys(SUBJECTS, ("polygon",))
POLYGON = Capacity(provider="polygon", windows=FIVE, subjects=SUBJECTS)


def plan_of(**parts: Any) -> FetchPlan:
    return make_plan(PlanState(now=NOW, today=TODAY, providers=(POLYGON,), chains=CHAINS, **parts))


def days(count: int) -> tuple[date, ...]:
    return tuple(date(2010, 4, 23) - timedelta(days=i) for i in range(count))


def test_the_newest_session_comes_first_then_actions_then_history_then_lists() -> None:
    sweeps = (*SWEEPS[:2], Sweep(dataset=Dataset.INSTRUMENTS, last=None, every=timedelta(days=7)))
    plan = plan_of(gaps=Gaps(missing=days(3)), sweeps=sweeps)
    assert [(call.dataset.value, call.subject) for call in plan.calls] == [
        ("bars_daily", "2010-04-23"),
        ("splits", "2009-08-21"),
        ("dividends", "2010-03-26"),
        ("bars_daily", "2010-04-22"),
        ("bars_daily", "2010-04-21"),
        ("instruments", ""),
    ]
    assert [call.in_us for call in plan.calls] == [0] * 5 + [60_000_000]
    assert plan.done_at == NOW + timedelta(seconds=60)
    assert plan.calls[0].reason == "session 2010-04-23 is missing: one call for the whole market"
    assert plan.calls[1].reason == "splits were never asked for"
    assert plan.calls[2].reason == "dividends are 1 days old, wanted every 1"


def test_a_sweep_that_is_fresh_is_not_planned() -> None:
    plan = plan_of(sweeps=SWEEPS[2:])
    assert plan.calls == ()
    assert plan.done_at is None


def test_without_a_key_everything_is_deferred_and_says_so() -> None:
    plan = make_plan(PlanState(now=NOW, today=TODAY, gaps=Gaps(missing=days(2)), sweeps=SWEEPS))
    assert plan.calls == ()
    assert [gap.subject for gap in plan.deferred] == [
        "2010-04-22 to 2010-04-23 (2 sessions)",
        "2009-08-21",
        "2010-03-26",
    ]
    assert all("POLYGON_API_KEY" in gap.reason for gap in plan.deferred)


def test_two_years_take_about_101_minutes() -> None:
    plan = plan_of(gaps=Gaps(missing=days(504)))
    assert plan.done_at == NOW + timedelta(minutes=100)


STATES = st.builds(
    PlanState,
    now=st.just(NOW),
    today=st.just(TODAY),
    providers=st.tuples(
        st.builds(
            Capacity,
            provider=st.just("polygon"),
            windows=st.just(FIVE),
            subjects=st.just(SUBJECTS),
            spending=st.builds(
                Spending,
                lates_us=st.lists(st.integers(-70_000_000, 45_000_000), max_size=9).map(tuple),
                blocked_us=st.integers(0, 10**8),
            ),
            queued=st.integers(0, 7),
            breaker=st.sampled_from(
                [
                    Breaker(),
                    Breaker(state="open", wait_s=60, failures=5, kind=Outcome.SERVER_ERROR),
                    Breaker(state="half_open", failures=5, kind=Outcome.SERVER_ERROR),
                ]
            ),
            refusals=st.dictionaries(
                st.sampled_from(list(SUBJECTS)),
                st.builds(
                    Refusal,
                    dataset=st.just(Dataset.BARS_DAILY),
                    reason=st.just("not entitled"),
                    ask_again=st.sampled_from([NOW - timedelta(days=1), NOW + timedelta(days=1)]),
                    through=st.sampled_from([None, date(2010, 4, 18)]),
                ),
                max_size=2,
            ),
        )
    )
    | st.just(()),
    chains=st.just(CHAINS),
    gaps=st.builds(
        Gaps,
        missing=st.integers(0, 12).map(days),
        not_final=st.sampled_from([(), ((TODAY, NOW + timedelta(hours=9)),)]),
        out_of_reach=st.sampled_from([(), (date(2008, 1, 2),), (date(2008, 1, 3), date(2008, 1, 2))]),
    ),
    sweeps=st.lists(st.sampled_from(SWEEPS), unique=True).map(tuple),
    under_way=st.frozensets(st.sampled_from([("bars_daily", str(day)) for day in days(12)]), max_size=4),
)


@given(STATES)
def test_every_gap_is_planned_once_or_deferred_with_a_reason(state: PlanState) -> None:
    plan = make_plan(state)
    assert msgspec.json.encode(plan) == msgspec.json.encode(make_plan(state))
    planned = [call.subject for call in plan.calls if call.dataset is Dataset.BARS_DAILY]
    assert len(set(planned)) == len(planned)
    assert planned == sorted(planned, reverse=True)
    told = " ".join(gap.subject for gap in plan.deferred)
    assert all(gap.reason for gap in plan.deferred)
    counted = len(planned) + sum(held(gap.subject) for gap in plan.deferred if gap.dataset is Dataset.BARS_DAILY)
    gaps = state.gaps
    assert counted == len(gaps.missing) + len(gaps.not_final) + len(gaps.out_of_reach)
    if gaps.out_of_reach:
        assert min(gaps.out_of_reach).isoformat() in told


def held(subject: str) -> int:
    return int(subject.partition("(")[2].split()[0]) if "(" in subject else 1


@given(STATES)
def test_no_call_leaves_before_its_slot(state: PlanState) -> None:
    plan = make_plan(state)
    assert not plan.calls or state.providers
    for [polygon] in [state.providers] if plan.calls else []:
        check_slots(plan, polygon)


def check_slots(plan: FetchPlan, polygon: Capacity) -> None:
    # Calls in flight are taken to come back at once.
    taken = [min(late, 0) for late in polygon.spending.lates_us]
    assert polygon.breaker.state != "open"
    for call in plan.calls:
        assert call.in_us >= polygon.spending.blocked_us
        assert sum(late > call.in_us - 60_000_000 for late in taken) < 5
        taken.append(call.in_us)
        assert call.eta == NOW + timedelta(microseconds=call.in_us)
        refusal = polygon.refusals.get(call.dataset)
        if refusal and refusal.ask_again > NOW and call.dataset is Dataset.BARS_DAILY:
            assert refusal.through is not None
            assert date.fromisoformat(call.subject) > refusal.through
