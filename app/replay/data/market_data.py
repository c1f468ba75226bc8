"""A data set in memory: daily bars in columns, listings and corporate actions."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np

from app.replay.data.wheels import ReplayDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    Rows = npt.NDArray[np.int64]

PRICES = ("open", "high", "low", "close")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One listed security; a fact that the data do not prove is None.

    `ticker` is spelt as on the consolidated tape (``BRK.B``), `mic` is the ISO 10383 code of the primary
    listing, `over_the_counter` is true when no exchange lists it.
    """

    ticker: str
    name: str | None = None
    mic: str | None = None
    cik: str | None = None
    type: str | None = None
    sector: str | None = None
    industry: str | None = None
    over_the_counter: bool = False


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """`old` shares become `new` shares on `on`, before trading."""

    ticker: str
    on: date
    old: int
    new: int


class Dividend(msgspec.Struct, frozen=True, kw_only=True):
    """Cash per share, in dollars, for those who held the share before `ex_date`."""

    ticker: str
    ex_date: date
    cash: float


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Raw daily bars in columns, ordered by session and ticker.

    Row i is of ticker ``tickers[symbol[i]]`` and of session ``sessions[k]`` where
    ``day_start[k] <= i < day_start[k + 1]``. Prices are dollars as traded, `volume` is in shares.
    """

    tickers: list[str]
    sessions: npt.NDArray[np.datetime64]
    day_start: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.int32]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.symbol)

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """Build the columns from a frame with ticker, session (date), open, high, low, close and volume.

        Raises ReplayDataError when a ticker has two bars on one session.
        """
        rows = frame.sort("session", "ticker")
        if rows.select("session", "ticker").is_duplicated().any():
            message = "The data hold two bars of one ticker on one session: the package is not the one expected."
            raise ReplayDataError(message)
        tickers, symbol = np.unique(rows["ticker"].to_numpy().astype(str), return_inverse=True)
        sessions, first = np.unique(rows["session"].to_numpy(), return_index=True)
        return cls(
            tickers=tickers.tolist(),
            sessions=sessions,
            day_start=np.append(first, rows.height).astype(np.int64),
            symbol=symbol.astype(np.int32),
            volume=rows["volume"].cast(float).to_numpy(),
            **{price: rows[price].to_numpy() for price in PRICES},
        )

    def holds(self, day: date) -> bool:
        """Tell whether any ticker has a bar of a day."""
        return bool((self.sessions == np.datetime64(day)).any())

    def of_day(self, day: date) -> Rows:
        """Return the row numbers of a session, in the order of the tickers; none when it has no bars."""
        return np.arange(*self.between(day, day))

    def of_ticker(self, ticker: str, first: date, last: date) -> Rows:
        """Return the row numbers of a ticker from one date to another, both included, oldest first."""
        start, stop = self.between(first, last)
        number = self.number(ticker)
        return np.arange(0) if number is None else start + np.flatnonzero(self.symbol[start:stop] == number)

    def between(self, first: date, last: date) -> tuple[int, int]:
        """Return where the rows of the sessions from one date to another, both included, begin and end."""
        start = np.searchsorted(self.sessions, np.datetime64(first), "left")
        stop = np.searchsorted(self.sessions, np.datetime64(last), "right")
        return int(self.day_start[start]), int(self.day_start[stop])

    def number(self, ticker: str) -> int | None:
        """Return the number that stands for a ticker in `symbol`, or None when it has no bars."""
        at = bisect_left(self.tickers, ticker)
        return at if at < len(self.tickers) and self.tickers[at] == ticker else None

    def session_of(self, rows: Rows) -> npt.NDArray[np.datetime64]:
        """Return the session of each row."""
        return self.sessions[np.searchsorted(self.day_start, rows, "right") - 1]


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a replay serves. `listings` are in the order of their tickers."""

    name: str
    bars: Bars
    listings: Sequence[Listing]
    splits: Sequence[Split]
    dividends: Sequence[Dividend]

    @property
    def first(self) -> date:
        """First session with bars."""
        return self.bars.sessions[0].astype(object)  # type: ignore[no-any-return]  # numpy hides the type

    @property
    def last(self) -> date:
        """Last session with bars."""
        return self.bars.sessions[-1].astype(object)  # type: ignore[no-any-return]  # numpy hides the type
