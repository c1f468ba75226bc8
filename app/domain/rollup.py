"""Make weekly and monthly bars of daily ones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from app.domain.bars import Timeframe
from app.domain.series import Series

if TYPE_CHECKING:
    import numpy.typing as npt

# Day 0 of datetime64 was a Thursday.
EPOCH_WEEKDAY = 3
DAYS_IN_WEEK = 7


def roll_up(daily: Series, timeframe: Timeframe) -> Series:
    """Return one bar a week or month that has a session; daily bars come back as they are.

    A bar is labelled with the first calendar day of its period: the Monday of an ISO week, the first of a
    month. It opens with the period's first session, closes with its last, and volumes add up. Adjust before
    rolling up: a period may hold an ex-date.
    """
    if timeframe is Timeframe.DAY or not len(daily):
        return daily
    labels = period_starts(daily.sessions, timeframe)
    first = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    last = np.append(first[1:], len(labels)) - 1
    return Series(
        sessions=labels[first],
        open=daily.open[first],
        high=np.maximum.reduceat(daily.high, first),
        low=np.minimum.reduceat(daily.low, first),
        close=daily.close[last],
        volume=np.add.reduceat(daily.volume, first),
    )


def period_starts(sessions: npt.NDArray[np.datetime64], timeframe: Timeframe) -> npt.NDArray[np.datetime64]:
    """Return the label of the period that each session falls in."""
    if timeframe is Timeframe.MONTH:
        return sessions.astype("datetime64[M]").astype("datetime64[D]")
    weekday = (sessions.astype(np.int64) + EPOCH_WEEKDAY) % DAYS_IN_WEEK
    mondays: npt.NDArray[np.datetime64] = sessions - weekday.astype("timedelta64[D]")
    return mondays


def period_start(day: date, timeframe: Timeframe) -> date:
    """Return the first calendar day of the period that a day falls in."""
    if timeframe is Timeframe.MONTH:
        return day.replace(day=1)
    if timeframe is Timeframe.WEEK:
        return day - timedelta(days=min(day.weekday(), (day - date.min).days))
    return day
