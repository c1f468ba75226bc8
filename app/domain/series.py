"""One instrument's daily OHLCV bars in columns: what reads, adjustment and roll-ups work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one instrument, oldest first, one session once, as equally long columns.

    `sessions` are days (``datetime64[D]``) in the exchange's calendar, prices in the instrument's currency,
    `volume` in shares.
    """

    sessions: npt.NDArray[np.datetime64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.sessions)

    def last(self, count: int) -> Series:
        """Return the latest `count` bars, or all when there are fewer."""
        keep = slice(max(0, len(self) - count), None)
        return Series(
            sessions=self.sessions[keep],
            open=self.open[keep],
            high=self.high[keep],
            low=self.low[keep],
            close=self.close[keep],
            volume=self.volume[keep],
        )


def empty() -> Series:
    """Return a series without bars."""
    none = np.empty(0, dtype=np.float64)
    return Series(sessions=np.empty(0, dtype="datetime64[D]"), open=none, high=none, low=none, close=none, volume=none)
