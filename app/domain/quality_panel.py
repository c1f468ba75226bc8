"""Bars of many instruments over the same sessions, and the moves that no known corporate action explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.intp]

COLUMNS = ("open", "high", "low", "close", "volume")
# Makes the median of absolute deviations of normal moves their standard deviation: 1 / quantile(3/4).
NORMAL = 1.4826


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Raw daily bars of T sessions (oldest first, those of which bars are stored) by N instruments; NaN for no bar.

    `splits` holds log(split_from / split_to) in the first of the sessions from an ex-date on, `cash` the dividends a
    share in it; both are 0 elsewhere. What happened before the first session is left out.
    """

    sessions: npt.NDArray[np.datetime64]
    instruments: list[int]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    splits: Floats
    cash: Floats

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Mark where there is a bar."""
        return np.isfinite(self.close)


class KnownAction(msgspec.Struct, frozen=True, kw_only=True):
    """A split or a cash dividend of an instrument, as far as a price moves by it."""

    instrument: int
    ex_date: date
    split_from: Decimal | None = None
    split_to: Decimal | None = None
    cash_amount: Decimal | None = None


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel's prices did beyond what known actions explain: T by N, as logarithms, NaN where unknown.

    `change` goes from the last close before to the close, `overnight` from it to the open; `volume` is the logarithm of
    the shares, restated for splits; `before` is the row of the last bar before (-1: none).
    """

    change: Floats
    overnight: Floats
    volume: Floats
    before: Whole


def place_actions(
    sessions: npt.NDArray[np.datetime64], instruments: list[int], actions: Iterable[KnownAction]
) -> tuple[Floats, Floats]:
    """Return the `splits` and `cash` of a panel."""
    column = {instrument: i for i, instrument in enumerate(instruments)}
    splits = np.zeros((len(sessions), len(instruments)))
    cash = np.zeros_like(splits)
    for action in actions:
        row = int(np.searchsorted(sessions, np.datetime64(action.ex_date, "D")))
        at = row, column.get(action.instrument, -1)
        if not 0 < row < len(sessions) or at[1] < 0:
            continue
        if action.split_from is not None and action.split_to is not None:
            splits[at] += float(np.log(float(action.split_from) / float(action.split_to)))
        if action.cash_amount is not None:
            cash[at] += float(action.cash_amount)
    return splits, cash


def moves(panel: Panel) -> Moves:
    """Return the moves that the panel's splits and dividends do not explain.

    A dividend explains log(1 - D / P), P being the last close before the ex-date in shares of after the split: the same
    factor by which reads adjust.
    """
    rows = np.arange(len(panel.sessions))[:, None]
    latest = np.maximum.accumulate(np.where(panel.present, rows, -1), axis=0)
    before = np.vstack([np.full((1, latest.shape[1]), -1), latest[:-1]])
    last_close = pick(panel.close, before)
    with np.errstate(invalid="ignore", divide="ignore"):
        paid = panel.cash / (last_close * np.exp(panel.splits))
        dividends = np.where((panel.cash > 0) & (paid < 1), np.log1p(-np.where(paid < 1, paid, 0.0)), 0.0)
        explained = np.cumsum(panel.splits + dividends, axis=0)
        level = np.log(panel.close) - explained
        start = pick(level, before)
        return Moves(
            change=level - start,
            overnight=np.log(panel.open) - explained - start,
            volume=np.log(np.maximum(panel.volume, 1.0)) + np.cumsum(panel.splits, axis=0),
            before=before,
        )


def pick(values: Floats, rows: npt.NDArray[Any]) -> Floats:
    """Return each column's values at rows; NaN for row -1."""
    found = np.take_along_axis(values, np.maximum(rows, 0), axis=0)
    return np.where(rows >= 0, found, np.nan)


def earlier_median(values: Floats, at: int, window: int) -> tuple[Floats, Whole]:
    """Return each column's median over the known values in the `window` rows before `at`, and how many there are."""
    block = values[max(0, at - window) : at]
    count = np.isfinite(block).sum(axis=0)
    if not len(block):
        return np.full(values.shape[1], np.nan), count
    ordered = np.sort(block, axis=0)
    middle = [np.take_along_axis(ordered, np.maximum((count - odd) // 2, 0)[None], axis=0)[0] for odd in (1, 0)]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan), count
