"""Bars adjusted for splits, never for dividends: what Polygon calls adjusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from datetime import date

    from app.replay.data.market_data import MarketData, Rows

    Floats = np.typing.NDArray[np.float64]


class Columns(msgspec.Struct, frozen=True):
    """Equally long columns of some bars, in the order of the wire."""

    volume: Floats
    open: Floats
    close: Floats
    high: Floats
    low: Floats

    def rows(self) -> zip[tuple[float, float, float, float, float]]:
        """Return the bars one by one, as plain floats."""
        columns = (self.volume, self.open, self.close, self.high, self.low)
        return zip(*(column.tolist() for column in columns), strict=True)


def columns(data: MarketData, rows: Rows, adjusted_to: date | None) -> Columns:
    """Return the columns of some rows, as if every split up to a date had been executed before the first bar.

    With None they are raw: prices and volumes as the data hold them, bit for bit.
    """
    bars = data.bars
    ratio = np.ones(len(rows))
    sessions = bars.session_of(rows)
    for split in data.splits:
        if adjusted_to is not None and split.on <= adjusted_to:
            before = (bars.symbol[rows] == bars.number(split.ticker)) & (sessions < np.datetime64(split.on))
            ratio[before] *= split.new / split.old
    return Columns(
        bars.volume[rows] * ratio,
        bars.open[rows] / ratio,
        bars.close[rows] / ratio,
        bars.high[rows] / ratio,
        bars.low[rows] / ratio,
    )
