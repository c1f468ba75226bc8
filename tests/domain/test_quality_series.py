"""Series rules: quiet on clean walks, the same in every currency, and blind to none of the planted faults."""

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quality_panel import KnownAction, Panel
from app.domain.quality_series import BACK, Finding, Rule, judge
from app.domain.quality_splits import RATIOS, Ratio, looks_like
from tests.fakes.panels import changed, days, scaled, walk, with_actions, without

AT, COLUMN = 80, 3
DAYS = days(200)
DAILY = st.floats(0.004, 0.05)
SEEDS = st.integers(0, 2**32 - 1)


def of(panel: Panel, **more: object) -> list[tuple[int, date, Rule]]:
    found = judge(panel, panel.sessions.tolist(), **more)  # type: ignore[arg-type]  # the held rows of one test
    return [(each.instrument, each.session, each.rule) for each in found]


def only(panel: Panel) -> Finding:
    [found] = judge(panel, panel.sessions.tolist())
    assert (found.instrument, found.session) == (100 + COLUMN, DAYS[AT])
    assert json.loads(json.dumps(found.evidence)) == found.evidence
    assert found.evidence["text"].isprintable()
    return found


@given(seed=SEEDS, daily=DAILY)
def test_normal_walks_of_any_liveliness_raise_no_doubt(seed: int, daily: float) -> None:
    assert of(walk(100, 20, daily=daily, seed=seed)) == []


def test_walks_with_heavy_tails_raise_less_than_one_doubt_in_10_000_bars() -> None:
    found = of(walk(300, 1_000, daily=0.02, seed=7, tail=4.0))
    assert len(found) < 300 * 1_000 / 10_000


@given(seed=SEEDS, factor=st.floats(1e-3, 1e5))
def test_prices_in_another_currency_raise_the_same_doubts(seed: int, factor: float) -> None:
    panel = scaled(walk(seed=seed), slice(AT, None), COLUMN, 0.5)
    panel = scaled(panel, slice(AT + 5, AT + 6), 7, 2.0)
    other = panel
    for column in range(len(panel.instruments)):
        other = scaled(other, slice(None), column, factor)
    assert of(other) == of(panel) != []


@given(seed=SEEDS, ratio=st.sampled_from([ratio for ratio in RATIOS if abs(ratio.move) > 0.35]))
def test_a_split_that_nobody_told_of_is_found_and_named(seed: int, ratio: Ratio) -> None:
    move = float(np.exp(ratio.move))
    panel = scaled(walk(seed=seed, daily=0.004), slice(AT, None), COLUMN, move)
    found = only(panel)
    assert found.rule is Rule.JUMP
    named = found.evidence["looks_like"]
    assert named["ex_date"] == str(DAYS[AT])
    assert np.log(named["split_from"] / named["split_to"]) == pytest.approx(ratio.move, abs=0.06)
    assert "that no provider told of" in found.evidence["text"]


def test_a_known_split_explains_the_jump_and_the_volume() -> None:
    panel = scaled(walk(), slice(AT, None), COLUMN, 1 / 30, volume=30)
    split = KnownAction(instrument=100 + COLUMN, ex_date=DAYS[AT], split_from=Decimal(1), split_to=Decimal(30))
    assert Rule.JUMP in {rule for _, _, rule in of(panel)}
    assert of(with_actions(panel, split)) == []


def test_a_split_on_record_that_the_price_did_not_follow_is_a_jump_too() -> None:
    split = KnownAction(instrument=100 + COLUMN, ex_date=DAYS[AT], split_from=Decimal(1), split_to=Decimal(3))
    found = only(with_actions(walk(), split))
    assert found.rule is Rule.JUMP
    assert found.evidence["split_on_record"] == 3
    assert "did not follow" in found.evidence["text"]


def test_a_great_dividend_explains_its_fall() -> None:
    panel = scaled(walk(daily=0.01), slice(AT, None), COLUMN, 0.6)
    cash = float(panel.close[AT - 1, COLUMN]) * 0.4
    paid = KnownAction(instrument=100 + COLUMN, ex_date=DAYS[AT], cash_amount=Decimal(cash))
    assert only(panel).rule is Rule.JUMP
    assert of(with_actions(panel, paid)) == []


def test_an_action_for_a_day_without_a_session_counts_on_the_next() -> None:
    monday = 85
    panel = scaled(walk(), slice(monday, None), COLUMN, 0.5)
    saturday = DAYS[monday - 1].replace(day=DAYS[monday - 1].day + 1)
    split = KnownAction(instrument=100 + COLUMN, ex_date=saturday, split_from=Decimal(1), split_to=Decimal(2))
    assert of(panel) == [(100 + COLUMN, DAYS[monday], Rule.JUMP)]
    assert of(with_actions(panel, split)) == []


@given(seed=SEEDS, factor=st.floats(1.4, 50.0) | st.floats(0.01, 0.7))
def test_a_wrong_close_that_the_next_session_takes_back_is_one_spike(seed: int, factor: float) -> None:
    found = only(scaled(walk(seed=seed, daily=0.005), slice(AT, AT + 1), COLUMN, factor))
    assert found.rule is Rule.SPIKE
    assert "took it back" in found.evidence["text"]


def test_a_spike_is_a_jump_until_the_next_session_is_known() -> None:
    panel = scaled(walk(AT + 1), slice(AT, None), COLUMN, 2.0)
    assert only(panel).rule is Rule.JUMP


def test_a_move_over_a_hole_is_measured_over_its_length() -> None:
    panel = scaled(without(walk(daily=0.01), [AT - 2, AT - 1], COLUMN), slice(AT, None), COLUMN, 0.5)
    [jump] = [each for each in judge(panel, [DAYS[AT]]) if each.rule is Rule.JUMP]
    [plain] = judge(scaled(walk(daily=0.01), slice(AT, None), COLUMN, 0.5), [DAYS[AT]])
    assert jump.evidence["previous_session"] == str(DAYS[AT - 3])
    assert jump.evidence["usual_move_percent"] > plain.evidence["usual_move_percent"] * 1.6
    assert f"after {DAYS[AT - 3]}, by {DAYS[AT]}" in jump.evidence["text"]


def test_a_new_listing_is_not_judged_by_a_usual_move_that_nobody_knows() -> None:
    young = without(walk(), range(AT - 3), COLUMN)
    assert of(scaled(young, slice(AT, None), COLUMN, 0.7)) == []
    found = only(scaled(young, slice(AT, None), COLUMN, 0.1))
    assert "usual_move_percent" not in found.evidence


@pytest.mark.parametrize(("flat", "bars"), [(False, 3), (True, 5)])
def test_the_same_numbers_running_are_stale(*, flat: bool, bars: int) -> None:
    panel = changed(walk())
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(panel, name)
        column[AT - bars + 1 : AT + 1, COLUMN] = column[AT - bars + 1, COLUMN]
    if flat:
        for name in ("open", "high", "low"):
            getattr(panel, name)[AT - bars + 1 : AT + 1, COLUMN] = panel.close[AT, COLUMN]
    found = only(panel)
    assert (found.rule, found.evidence["repeats"]) == (Rule.STALE_REPEAT, bars)


@pytest.mark.parametrize("factor", [500.0, 1e-4])
def test_a_volume_far_from_the_usual_is_found(factor: float) -> None:
    found = only(scaled(walk(), slice(AT, AT + 1), COLUMN, 1.0, volume=factor))
    assert found.rule is Rule.VOLUME_OUTLIER
    assert found.evidence["factor"] == pytest.approx(factor, rel=5)
    assert ("times the usual" in found.evidence["text"]) == (factor > 1)


@given(seed=SEEDS)
def test_a_hole_between_steady_bars_is_found_unless_its_row_is_held(seed: int) -> None:
    panel = without(walk(seed=seed), [AT], COLUMN)
    assert only(panel).rule is Rule.MISSING_SESSION
    assert of(panel, held={(100 + COLUMN, DAYS[AT])}) == []


def test_what_trades_now_and_then_or_is_delisted_is_not_missing() -> None:
    assert of(without(walk(), range(AT, 100), COLUMN)) == []
    assert of(without(walk(), range(0, 100, 7), COLUMN)) == []


def test_the_context_that_is_asked_for_is_enough() -> None:
    panel = scaled(walk(150, tail=3.0), slice(120, None), COLUMN, 0.5)
    whole = [each for each in judge(panel, panel.sessions.tolist()) if each.session == DAYS[120]]
    rows = slice(120 - BACK, 122)
    arrays = {name: getattr(panel, name)[rows] for name in Panel.__struct_fields__ if name != "instruments"}
    part = judge(Panel(instruments=panel.instruments, **arrays), [DAYS[120]])
    assert [each.evidence for each in part] == [each.evidence for each in whole] != []


def test_a_price_near_no_ratio_looks_like_no_split() -> None:
    assert looks_like(np.log(0.38), np.log(0.38), 0.015) is None
    assert looks_like(np.log(0.5), np.log(0.8), 0.015) is None
