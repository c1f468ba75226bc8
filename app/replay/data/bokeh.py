"""bokeh-sampledata: raw bars of five tickers 2000-2013, with adjusted closes that prove their splits and dividends."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.replay.data.market_data import PRICES, Bars, Dividend, Split
from app.replay.data.wheels import ReplayDataError, wheel_file

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

PACKAGE = "bokeh-sampledata"
UNCHANGED = 1e-9  # between actions the ratio moves by 1e-13 (rounding), the smallest dividend moves it by 1e-3
SPLIT_FROM = 1.4  # no dividend pays 40 % of a price; no split is smaller than 3 for 2
OFF = 1e-6  # dollars that a derived dividend may be off a hundredth of a cent; the worst of the file is 1e-11

Floats = NDArray[np.float64]


def read_frame() -> pl.DataFrame:
    """Read the file: ticker, session, OHLC, volume and adjusted close."""
    import polars as pl  # noqa: PLC0415  heavy, and only loading needs it

    path = wheel_file(PACKAGE, "bokeh_sampledata/_data/stocks.csv.gz")
    rows = pl.read_csv(gzip.decompress(path.read_bytes()))
    return rows.select(
        pl.col("Ticker").alias("ticker"),
        pl.col("Date").str.to_date("%Y-%m-%d").alias("session"),
        *(pl.col(price.title()).cast(pl.Float64).alias(price) for price in PRICES),
        pl.col("Volume").alias("volume"),
        pl.col("Adj Close").alias("adjusted"),
    ).sort("ticker", "session")


def read_bars(frame: pl.DataFrame) -> Bars:
    """Return the raw bars of the file."""
    return Bars.of(frame.drop("adjusted"))


def read_actions(frame: pl.DataFrame) -> tuple[list[Split], list[Dividend]]:
    """Derive every split and dividend that the adjusted closes prove; see `actions_of`."""
    splits: list[Split] = []
    dividends: list[Dividend] = []
    for (ticker,), rows in frame.group_by("ticker", maintain_order=True):
        found = actions_of(
            str(ticker), rows["session"].to_list(), rows["close"].to_numpy(), rows["adjusted"].to_numpy()
        )
        splits += found[0]
        dividends += found[1]
    return splits, dividends


def actions_of(
    ticker: str, sessions: list[date], close: Floats, adjusted: Floats
) -> tuple[list[Split], list[Dividend]]:
    """Derive one ticker's actions from its raw and its adjusted closes.

    The ratio adjusted / raw stands still between actions. On an action's day it steps by the split's ratio
    (new shares for old), or by ``1 + D / close`` for a dividend of D dollars, `close` being the raw close of
    the ex-date (the convention of the Quandl WIKI table, from which the file comes). A split must show in
    the raw closes too.

    Raises ReplayDataError when a step is neither.
    """
    ratio = adjusted / close
    steps = ratio[1:] / ratio[:-1]
    splits: list[Split] = []
    dividends: list[Dividend] = []
    for i in np.flatnonzero(np.abs(steps - 1) > UNCHANGED) + 1:
        step = float(steps[i - 1])
        if step >= SPLIT_FROM:
            splits.append(split(ticker, sessions[i], step, float(close[i - 1] / close[i])))
        else:
            dividends.append(dividend(ticker, sessions[i], (step - 1) * float(close[i])))
    return splits, dividends


def split(ticker: str, on: date, step: float, fall: float) -> Split:
    """Read a step of the ratio as whole new shares for one old, and check that the price fell by it."""
    new = round(step)
    if abs(step - new) > UNCHANGED * new or not 0.8 < fall / new < 1.25:  # noqa: PLR2004  a day moves less
        message = f"{ticker} on {on}: the adjusted close steps by {step:.6f}, the price by {fall:.3f}: no split."
        raise ReplayDataError(message)
    return Split(ticker=ticker, on=on, old=1, new=new)


def dividend(ticker: str, on: date, cash: float) -> Dividend:
    """Round a derived amount to a hundredth of a cent, and refuse one that is far from it."""
    rounded = round(cash, 4)
    if rounded <= 0 or abs(cash - rounded) > OFF:
        message = f"{ticker} on {on}: the adjusted close implies {cash:.8f} dollars a share: no dividend."
        raise ReplayDataError(message)
    return Dividend(ticker=ticker, ex_date=on, cash=rounded)
