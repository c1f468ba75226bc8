"""OHLCV bars in columns: the one shape that ingest, storage and reads share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Timeframe(StrEnum):
    """The width of a bar."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


class Adjustment(StrEnum):
    """Which corporate actions a price series is adjusted for."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


class DailyBars(msgspec.Struct, frozen=True, kw_only=True):
    """Raw daily bars of one market reply, one row a symbol and session, as equally long columns.

    Prices are in the instrument's currency, raw as traded. `volume` is in shares (providers send fractions).
    `vwap` is NaN and `trades` is -1 where the provider did not say.
    """

    symbols: list[str]
    sessions: npt.NDArray[np.datetime64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    vwap: npt.NDArray[np.float64]
    trades: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.symbols)
