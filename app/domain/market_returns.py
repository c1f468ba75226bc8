"""What each instrument did in each session, from the close before it, restated for splits and dividends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from app.domain.quality_panel import Panel

    Floats = npt.NDArray[np.float64]

# A close that is older than so many sessions is no close before: what happened since is not the day's.
LOOK_BACK = 5
# What rounding may make of an unchanged price.
NOTHING = 1e-9


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Simple returns from the close before: T sessions by N instruments, fractions (0.01 is 1 %), NaN where unknown.

    `before` is the close before in shares and dollars of the session: what `open`, `high`, `low` and `close` are
    measured from. `dollars` is close times shares traded, NaN where there is no bar.
    """

    before: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    dollars: Floats


def session_returns(panel: Panel) -> Returns:
    """Return what each instrument did in each of a panel's sessions, which must be all that the exchange held.

    The close before is the latest of at most LOOK_BACK sessions before, times ``split_from / split_to`` and less the
    cash dividends of ex-dates since: the factor ``1 - D / P`` by which reads adjust. A session after one of which
    nobody has a bar is compared with nothing: a hole in what is stored would pass for a day's move.
    """
    before = np.full_like(panel.close, np.nan)
    is_present = panel.present
    is_stored = np.any(is_present, axis=1).tolist()
    carried = np.full(panel.close.shape[1], np.nan)
    age = np.zeros(len(carried), dtype=np.int64)
    for row in range(len(panel.close)):
        restated = carried * np.exp(panel.splits[row])
        cash = panel.cash[row]
        restated = np.where((cash > 0) & (cash < restated), restated - cash, restated)
        if row and is_stored[row - 1]:
            before[row] = np.where(is_present[row] & (age <= LOOK_BACK), restated, np.nan)
        carried = np.where(is_present[row], panel.close[row], restated)
        age = np.where(is_present[row], 1, age + 1)
    return Returns(
        before=before,
        open=change(panel.open, before),
        high=change(panel.high, before),
        low=change(panel.low, before),
        close=change(panel.close, before),
        dollars=panel.close * panel.volume,
    )


def change(price: Floats, before: Floats) -> Floats:
    """Return ``price / before - 1``, and exactly 0 where only rounding says otherwise."""
    found = price / before - 1
    return np.where(np.abs(found) < NOTHING, 0.0, found)
