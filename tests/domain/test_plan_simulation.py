"""The planner over days: the backfill's 101 minutes, a day's refresh, and a month without an overrun or a lost gap."""

from datetime import timedelta
from typing import Literal

import msgspec
import numpy as np
import pytest

from app.domain.datasets import Dataset
from app.domain.fetch_plan import PlanState, Sweep, make_plan
from app.domain.gaps import Gaps
from app.domain.plan_breaker import Breaker
from app.domain.plan_queues import EPOCH, MICROSECOND
from app.domain.plan_scenario import Scenario
from app.domain.plan_simulation import Simulation, run, simulate
from app.domain.plan_virtual import VirtualProvider
from app.domain.plan_wants import NEVER_US, WANTS, Tier
from app.domain.quotas import CallClass, Outcome, Spending, Window
from tests.fakes.planning import (
    ALL,
    ALPHA_VANTAGE,
    FINNHUB,
    NOW,
    POLYGON,
    sessions_from,
    state,
    universe,
    weekdays_before,
)

TODAY = NOW.date()
YEARS = 504
ACTIONS = tuple(
    Sweep(dataset=dataset, last=None, every=timedelta(days=1), since=TODAY)
    for dataset in (Dataset.SPLITS, Dataset.DIVIDENDS)
)
HOUR_US = 3_600_000_000


def whole_market(**parts: object) -> PlanState:
    return state(*ALL, gaps=Gaps(missing=weekdays_before(TODAY, YEARS)), universe=universe(50, 450, 5_500), **parts)


def test_two_years_of_the_whole_market_take_504_calls_and_101_minutes() -> None:
    found = simulate(state(POLYGON, gaps=Gaps(missing=weekdays_before(TODAY, YEARS))), Scenario(days=0.25))
    assert found.backfilled_at is not None
    assert abs(found.calls["polygon"] - YEARS) <= 0.02 * YEARS
    assert abs((found.backfilled_at - NOW) / timedelta(minutes=1) - 101) <= 1


def test_the_backfill_keeps_its_time_beside_everything_else_and_calls_that_fail() -> None:
    found = simulate(whole_market(sweeps=ACTIONS), Scenario(days=0.25, failures=0.02, no_data=0.03, seed=5))
    assert found.backfilled_at is not None
    assert found.backfilled_at - NOW < timedelta(minutes=110)
    assert found.market_calls == YEARS + len(ACTIONS)


def test_rounds_in_step_with_the_window_do_not_cost_half_of_the_slots() -> None:
    start = state(POLYGON, gaps=Gaps(missing=weekdays_before(TODAY, 100)))
    done = [simulate(start, Scenario(days=0.25, round=timedelta(minutes=each))).backfilled_at for each in (1, 15)]
    assert done[0] == done[1]


def test_a_days_refresh_of_6000_companies_fits_in_a_day_with_everything_going_round() -> None:
    simulation = Simulation(whole_market(), Scenario(days=3, quotes="finnhub"), sessions_from(TODAY, 4))
    while simulation.now_us - simulation.start_us < 48 * HOUR_US:
        simulation.step()
    before = {name: len(each.sent_us) for name, each in simulation.providers.items()}
    run(simulation)
    calls = {name: len(each.sent_us) - before[name] for name, each in simulation.providers.items()}
    assert calls["polygon"] <= 7_200
    assert calls["finnhub"] <= 86_400
    assert calls["newsapi"] <= 100
    assert calls["alpha_vantage"] <= 25
    assert ages(simulation, Dataset.FUNDAMENTALS).max() < 25
    assert ages(simulation, Dataset.NEWS).max() < 13


def ages(simulation: Simulation, dataset: Dataset) -> np.ndarray:
    """Hours since anybody whose word counts as anybody's told something of each company."""
    count = len(simulation.universe)
    newest = np.full(count, NEVER_US)
    for (of, name), found in simulation.answers.items():
        if of is dataset and (dataset, name) not in {(want.dataset, want.provider) for want in WANTS}:
            np.maximum(newest, found.asked_us, out=newest)
    assert (newest != NEVER_US).all()
    return (simulation.now_us - newest) / HOUR_US


@pytest.mark.slow
def test_thirty_days_overrun_no_window_and_lose_no_gap() -> None:
    scenario = Scenario(
        days=30, round=timedelta(minutes=30), failures=0.02, no_data=0.03, quotes="finnhub", seed=20261123
    )
    simulation = Simulation(whole_market(sweeps=ACTIONS), scenario, sessions_from(TODAY, 32))
    found = run(simulation)
    chance = np.random.default_rng(1)
    for provider in simulation.providers.values():
        # Counted anew, wherever between leaving and answering a call was counted.
        sent = np.array(provider.sent_us)
        arrived = sent + chance.integers(0, provider.trip_us, sent.size)
        for window in provider.windows:
            if window.only is None:
                assert provider.peak(window, arrived) <= window.max_calls, window
        assert sent.size > 600
    assert simulation.missing == []
    assert found.finished is not None
    assert found.market_calls > YEARS + 20 + 2 * 29
    # Whoever is not known to have nothing was asked about within the wanted period, a round and a retry or two.
    for dataset, most in ((Dataset.NEWS, 16), (Dataset.FUNDAMENTALS, 28)):
        answers = [each for (of, _), each in simulation.answers.items() if of is dataset]
        waiting = np.any([each.misses > 0 for each in answers], axis=0)
        newest = np.max([each.asked_us for each in answers], axis=0)
        assert waiting.mean() < 0.5
        assert ((simulation.now_us - newest[~waiting]) / HOUR_US).max() < most
    assert np.percentile(simulation.waits, 50) == 0
    assert max(simulation.waits) < 75_000_000


def test_more_symbols_finish_sooner_the_closer_they_are_followed() -> None:
    start = state(FINNHUB, universe=universe(0, 0, 3_000))
    done = [simulate(start, Scenario(add_symbols=300, tier=tier)).finished for tier in (Tier.WATCHLIST, Tier.OTHER)]
    assert done[0] is not None
    assert done[1] is not None
    # Three datasets of 300 companies at 30 a minute, before everybody else's; or after them.
    assert done[0] - NOW == pytest.approx(timedelta(minutes=30), abs=timedelta(minutes=1))
    assert done[1] - NOW > timedelta(hours=5)


def test_what_does_not_finish_is_counted() -> None:
    found = simulate(state(FINNHUB), Scenario(add_symbols=3_000, days=0.125))
    assert found.finished is None
    assert sum(each.left for each in found.filled) == pytest.approx(9_000 - 3 * 60 * 30, abs=60)
    assert found.ended_at == NOW + timedelta(hours=3)


@pytest.mark.parametrize(
    ("start", "days"),
    [
        # Equals wait for each other: all of the news, then all fundamentals, then all profiles.
        (state(FINNHUB, universe=universe(0, 0, 3_000)), 0.25),
        # A day's calls are free again all at once.
        (state(ALPHA_VANTAGE, universe=universe(50, 0, 0), wants=WANTS[5:6]), 1.5),
    ],
    ids=["a rate", "a day's window"],
)
def test_what_waits_comes_about_when_the_plan_says(start: PlanState, days: float) -> None:
    told = {gap.dataset: gap.until for gap in make_plan(start).deferred}
    assert told
    simulation = Simulation(start, Scenario(days=days))
    run(simulation)
    for dataset, until in told.items():
        [asked] = [each.asked_us for (of, _), each in simulation.answers.items() if of is dataset]
        assert until is not None
        assert (asked.max() - simulation.start_us) / HOUR_US == pytest.approx(
            (until - NOW) / timedelta(hours=1), rel=0.03
        )


@pytest.mark.parametrize("state_now", ["open", "half_open"])
def test_a_provider_that_fails_now_is_asked_again_when_its_wait_is_over(
    state_now: Literal["open", "half_open"],
) -> None:
    wait_s = 3_600.0 if state_now == "open" else 0.0
    breaker = Breaker(state=state_now, wait_s=wait_s, failures=12, kind=Outcome.SERVER_ERROR)
    failing = msgspec.structs.replace(POLYGON, breaker=breaker)
    start = state(failing, gaps=Gaps(missing=weekdays_before(TODAY, YEARS)))
    found = simulate(start, Scenario(days=0.25))
    assert found.backfilled_at is not None
    assert abs((found.backfilled_at - NOW) / timedelta(minutes=1) - 101 - wait_s / 60) <= 1
    # A machine second of the breaker is sixty of the market.
    fast = simulate(msgspec.structs.replace(start, speed=60.0), Scenario(days=0.25))
    assert (fast.backfilled_at is None) == (state_now == "open")


def test_a_simulation_changes_nothing_and_can_be_repeated() -> None:
    start = whole_market()
    scenario = Scenario(days=0.1, failures=0.1, no_data=0.1, seed=3)
    assert simulate(start, scenario) == simulate(start, scenario)
    assert start.answers == {}
    assert len(start.gaps.missing) == YEARS


def test_the_window_for_background_calls_leaves_room_for_others() -> None:
    provider = VirtualProvider(FINNHUB.windows, Spending(), 0, 400_000)
    minute = 60_000_000
    made, waits = provider.run(
        1_000, 0, 10 * minute, [at * minute + n * 1_000_000 for at in range(10) for n in range(20)]
    )
    assert len(made) == 300
    assert len(waits) == 200
    assert max(waits) < 1_000_000


def test_a_window_counts_calls_of_its_class_only() -> None:
    window = Window(max_calls=1, span_s=10, only=CallClass.INTERACTIVE)
    provider = VirtualProvider((window, Window(max_calls=100, span_s=10)), Spending(), 0, 0)
    made, waits = provider.run(5, 0, 10_000_000, [0, 1, 2])
    assert (made, waits) == ([0] * 5, [0])
    assert provider.next_us(CallClass.INTERACTIVE) == 10_000_000
    assert EPOCH + provider.next_us(CallClass.BACKGROUND) * MICROSECOND == EPOCH
