"""Windows of several days: where each one starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Dates = NDArray[np.datetime64]

TIMESPANS = ("day", "week", "month", "quarter", "year")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SUNDAY = np.datetime64("1969-12-28")  # any Sunday will do


def starts_of(days: Dates, timespan: str, multiplier: int, first: np.datetime64) -> Dates:
    """Return the first date of the window that each day falls in.

    Weeks start on Sunday, months, quarters and years on their first day. Windows of several units are
    counted from the one that holds `first`.
    """
    if timespan in MONTHS:
        months = MONTHS[timespan]
        units = days.astype("datetime64[M]").astype(np.int64) // months
        anchor = int(first.astype("datetime64[M]").astype(np.int64)) // months
        numbers = (anchor + (units - anchor) // multiplier * multiplier) * months
        return numbers.astype("datetime64[M]").astype("datetime64[D]")
    length = 7 if timespan == "week" else 1
    units = (days - SUNDAY).astype(np.int64) // length
    anchor = int((first - SUNDAY).astype(np.int64)) // length
    return SUNDAY + (anchor + (units - anchor) // multiplier * multiplier) * length


def end_of(day: np.datetime64, timespan: str, multiplier: int, first: np.datetime64) -> np.datetime64:
    """Return the last date of the window that a day falls in."""
    start = starts_of(np.array([day]), timespan, multiplier, first)[0]
    if timespan in MONTHS:
        months = start.astype("datetime64[M]") + MONTHS[timespan] * multiplier
        after = months.astype("datetime64[D]")
    else:
        after = start + (7 if timespan == "week" else 1) * multiplier
    last: np.datetime64 = after - 1
    return last
