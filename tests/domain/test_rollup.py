"""Weekly and monthly bars: by example and by their laws."""

from __future__ import annotations

import datetime as dt
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bars import Timeframe
from app.domain.rollup import period_start, roll_up
from app.domain.series import Series, empty

WIDER = [Timeframe.WEEK, Timeframe.MONTH]


@st.composite
def series(draw: st.DrawFn) -> Series:
    days = sorted(draw(st.sets(st.dates(date(1969, 1, 1), date(1971, 12, 31)), min_size=1, max_size=60)))
    low = np.array(draw(st.lists(st.floats(0.01, 1e6), min_size=len(days), max_size=len(days))))
    return Series(
        sessions=np.array(days, dtype="datetime64[D]"),
        open=low * 1.25,
        high=low * 1.5,
        low=low,
        close=low * 1.125,
        volume=np.array(draw(st.lists(st.integers(0, 10**9).map(float), min_size=len(days), max_size=len(days)))),
    )


def test_a_week_over_new_year_is_one_week_and_two_months() -> None:
    days = ["2009-12-31", "2010-01-04", "2010-01-08", "2010-01-11"]
    daily = Series(
        sessions=np.array(days, dtype="datetime64[D]"),
        open=np.array([1.0, 2.0, 3.0, 4.0]),
        high=np.array([5.0, 9.0, 6.0, 7.0]),
        low=np.array([0.5, 0.4, 0.9, 0.8]),
        close=np.array([2.0, 3.0, 4.0, 5.0]),
        volume=np.array([10.0, 20.0, 30.0, 40.0]),
    )
    weekly = roll_up(daily, Timeframe.WEEK)
    assert [str(day) for day in weekly.sessions] == ["2009-12-28", "2010-01-04", "2010-01-11"]
    assert weekly.open.tolist() == [1.0, 2.0, 4.0]
    assert weekly.high.tolist() == [5.0, 9.0, 7.0]
    assert weekly.low.tolist() == [0.5, 0.4, 0.8]
    assert weekly.close.tolist() == [2.0, 4.0, 5.0]
    assert weekly.volume.tolist() == [10.0, 50.0, 40.0]
    monthly = roll_up(daily, Timeframe.MONTH)
    assert [str(day) for day in monthly.sessions] == ["2009-12-01", "2010-01-01"]
    assert monthly.volume.tolist() == [10.0, 90.0]


def test_daily_bars_and_no_bars_come_back_as_they_are() -> None:
    none = empty()
    assert roll_up(none, Timeframe.WEEK) is none
    assert roll_up(none, Timeframe.DAY) is none


@pytest.mark.parametrize("timeframe", WIDER)
@given(daily=series())
def test_wider_bars_hold_what_their_days_held(timeframe: Timeframe, daily: Series) -> None:
    wide = roll_up(daily, timeframe)
    labels = [period_start(day, timeframe) for day in daily.sessions.tolist()]
    assert wide.sessions.tolist() == sorted(set(labels))
    for i, label in enumerate(wide.sessions.tolist()):
        mine = [n for n, of in enumerate(labels) if of == label]
        assert wide.open[i] == daily.open[mine[0]]
        assert wide.close[i] == daily.close[mine[-1]]
        assert wide.high[i] == daily.high[mine].max()
        assert wide.low[i] == daily.low[mine].min()
        assert wide.volume[i] == daily.volume[mine].sum()


@pytest.mark.parametrize("timeframe", WIDER)
@given(daily=series())
def test_rolling_up_again_changes_nothing(timeframe: Timeframe, daily: Series) -> None:
    once = roll_up(daily, timeframe)
    twice = roll_up(once, timeframe)
    assert twice.sessions.tolist() == once.sessions.tolist()
    assert twice.high.tolist() == once.high.tolist()


@given(st.dates())
def test_a_period_starts_on_its_monday_or_its_first(day: date) -> None:
    assert period_start(day, Timeframe.DAY) == day
    assert period_start(day, Timeframe.MONTH).day == 1
    monday = period_start(day, Timeframe.WEEK)
    assert monday == date.min or monday.weekday() == 0
    assert day - monday < dt.timedelta(days=7)
