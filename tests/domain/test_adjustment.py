"""Adjustment: against the real splits and dividends of bokeh-sampledata, and by its laws."""

from __future__ import annotations

import datetime as dt
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.adjustment import Dividend, Split, adjust
from app.domain.series import Series, empty
from tests.domain import real_prices

SPLITS = {
    "AAPL": [date(2000, 6, 21), date(2005, 2, 28)],
    "MSFT": [date(2003, 2, 18)],
}
DAY_ONE = date(2024, 1, 2)


def two_for_one(day: date) -> Split:
    return Split(ex_date=day, split_from=Decimal(1), split_to=Decimal(2))


def same(one: Series, other: Series) -> bool:
    names = ("sessions", "open", "high", "low", "close", "volume")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@st.composite
def series(draw: st.DrawFn, *, min_size: int = 1) -> Series:
    count = draw(st.integers(min_size, 30))
    gaps = draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))
    price = st.floats(0.01, 1e6)
    low = np.array(draw(st.lists(price, min_size=count, max_size=count)))
    days = np.datetime64(DAY_ONE, "D") + np.cumsum(gaps)
    return Series(
        sessions=days,
        open=low * 1.25,
        high=low * 1.5,
        low=low,
        close=low * 1.125,
        volume=np.array(draw(st.lists(st.integers(0, 10**12).map(float), min_size=count, max_size=count))),
    )


@st.composite
def splits(draw: st.DrawFn, *, min_size: int = 0) -> list[Split]:
    parts = st.integers(1, 100).map(Decimal)
    days = st.integers(0, 60).map(lambda n: DAY_ONE + dt.timedelta(days=n))
    return draw(
        st.lists(st.builds(Split, ex_date=days, split_from=parts, split_to=parts), min_size=min_size, max_size=4)
    )


@pytest.mark.parametrize("ticker", ["AAPL", "MSFT"])
def test_real_splits_take_the_jump_out_of_the_closes(ticker: str) -> None:
    raw = real_prices.read(ticker).raw
    adjusted = adjust(raw, [two_for_one(day) for day in SPLITS[ticker]])
    for day in SPLITS[ticker]:
        at = int(np.flatnonzero(raw.sessions == np.datetime64(day, "D"))[0])
        assert raw.close[at] / raw.close[at - 1] < 0.6
        assert 0.9 < adjusted.close[at] / adjusted.close[at - 1] < 1.15
    assert adjusted.close[-1] == raw.close[-1]
    first = 0.5 ** len(SPLITS[ticker])
    assert adjusted.open[0] == raw.open[0] * first
    assert adjusted.volume[0] == raw.volume[0] / first


@pytest.mark.parametrize("ticker", ["AAPL", "MSFT"])
def test_the_files_own_adjusted_close_comes_out(ticker: str) -> None:
    """Splits as they were, dividends as the file's factor implies them: every close of 13 years within 1e-11."""
    prices = real_prices.read(ticker)
    cash = [
        Dividend(ex_date=day, amount=real_prices.dollars((1 - step) * close), close_before=close, session_before=before)
        for day, step, close, before in real_prices.events(prices)
        if day not in SPLITS[ticker]
    ]
    assert len(cash) >= 3
    adjusted = adjust(prices.raw, [two_for_one(day) for day in SPLITS[ticker]], cash)
    # The file is also adjusted for what came after its last row: one constant factor.
    later = prices.adjusted_close[-1] / prices.raw.close[-1]
    np.testing.assert_allclose(adjusted.close * later, prices.adjusted_close, rtol=1e-11)


def test_apples_published_dividends_give_the_files_factors() -> None:
    """$2.65 a share on three ex-dates: the file's steps differ by what its source rounded, below 3 in 10,000."""
    steps = {day: (step, close, before) for day, step, close, before in real_prices.events(real_prices.read("AAPL"))}
    raw = real_prices.read("AAPL").raw
    for day in (date(2012, 8, 9), date(2012, 11, 7), date(2013, 2, 7)):
        step, close, before = steps[day]
        paid = Dividend(ex_date=day, amount=Decimal("2.65"), close_before=close, session_before=before)
        adjusted = adjust(raw, [], [paid])
        at = int(np.flatnonzero(raw.sessions == np.datetime64(day, "D"))[0])
        assert adjusted.close[at] == raw.close[at]
        assert adjusted.close[at - 1] / raw.close[at - 1] == pytest.approx(step, abs=3e-4)


@given(series(), splits())
def test_splits_keep_the_money_that_changed_hands(raw: Series, actions: list[Split]) -> None:
    adjusted = adjust(raw, actions)
    np.testing.assert_allclose(adjusted.close * adjusted.volume, raw.close * raw.volume, rtol=1e-12)


@given(series(), splits(), splits())
def test_adjusting_twice_is_adjusting_once_for_both(raw: Series, some: list[Split], more: list[Split]) -> None:
    once, twice = adjust(raw, [*some, *more]), adjust(adjust(raw, some), more)
    np.testing.assert_allclose(once.close, twice.close, rtol=1e-12)
    np.testing.assert_allclose(once.volume, twice.volume, rtol=1e-12)


@given(series(), splits(), st.data())
def test_the_order_of_actions_does_not_matter(raw: Series, actions: list[Split], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(actions))
    assert same(adjust(raw, actions), adjust(raw, shuffled))


@given(series())
def test_without_actions_nothing_changes_by_a_bit(raw: Series) -> None:
    assert adjust(raw, []) is raw
    assert adjust(raw, [two_for_one(DAY_ONE)]) is raw


@given(series(), splits(min_size=1))
def test_a_split_and_its_undoing_cancel_exactly(raw: Series, actions: list[Split]) -> None:
    undone = [Split(ex_date=a.ex_date, split_from=a.split_to, split_to=a.split_from) for a in actions]
    assert same(adjust(raw, [*actions, *undone]), raw)


@given(series(), splits())
def test_bars_from_the_last_ex_date_on_are_as_traded(raw: Series, actions: list[Split]) -> None:
    assume(actions)
    last = np.datetime64(max(a.ex_date for a in actions), "D")
    later = raw.sessions >= last
    assert np.array_equal(adjust(raw, actions).close[later], raw.close[later])


@given(series(min_size=3), splits(), st.data())
def test_adjusting_a_part_is_a_part_of_the_adjusted(raw: Series, actions: list[Split], data: st.DataObject) -> None:
    keep = data.draw(st.integers(1, len(raw)))
    assert same(adjust(raw.last(keep), actions), adjust(raw, actions).last(keep))


def dividend(amount: str, *, foreign: bool = False) -> Dividend:
    return Dividend(
        ex_date=date(2024, 1, 4),
        amount=Decimal(amount),
        close_before=20.0,
        session_before=date(2024, 1, 3),
        foreign=foreign,
    )


THREE = Series(
    sessions=np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]"),
    open=np.array([19.0, 20.0, 19.0]),
    high=np.array([21.0, 21.0, 20.0]),
    low=np.array([18.0, 19.0, 18.0]),
    close=np.array([20.0, 20.0, 19.0]),
    volume=np.array([100.0, 200.0, 300.0]),
)


def test_a_dividend_lowers_earlier_prices_by_its_yield_and_leaves_volume() -> None:
    adjusted = adjust(THREE, [], [dividend("1")])
    assert adjusted.close.tolist() == [19.0, 19.0, 19.0]
    assert adjusted.volume.tolist() == [100.0, 200.0, 300.0]


def test_two_dividends_of_one_day_add_up_before_the_division() -> None:
    assert adjust(THREE, [], [dividend("0.4"), dividend("0.6")]).close.tolist() == [19.0, 19.0, 19.0]


def test_a_dividend_on_the_day_of_a_split_is_paid_on_the_new_shares() -> None:
    adjusted = adjust(THREE, [two_for_one(date(2024, 1, 4))], [dividend("1")])
    assert adjusted.close[1] == pytest.approx(20 * 0.5 * (1 - 1 / 10))


@pytest.mark.parametrize(
    "impossible",
    [
        dividend("20"),
        dividend("25"),
        dividend("1", foreign=True),
        Dividend(ex_date=date(2024, 1, 4), amount=Decimal(1)),
    ],
)
def test_a_dividend_that_cannot_be_applied_changes_nothing(impossible: Dividend) -> None:
    assert adjust(THREE, [], [impossible]) is THREE


def test_no_bars_stay_no_bars() -> None:
    assert len(adjust(empty(), [two_for_one(DAY_ONE)])) == 0
