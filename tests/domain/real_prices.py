"""Raw and adjusted closes of AAPL and MSFT around their real splits, as bokeh-sampledata bundles them."""

from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from app.domain.series import Series

if TYPE_CHECKING:
    from datetime import date

# A step of adjusted over raw close beyond this is an event; between events the file's own steps are below 1e-12.
EVENT = 1e-6


class RealPrices(NamedTuple):
    """A ticker of the file: its raw bars, and the file's own adjusted closes."""

    raw: Series
    adjusted_close: npt.NDArray[np.float64]


def read(ticker: str) -> RealPrices:
    packed = (files("bokeh_sampledata") / "_data" / "stocks.csv.gz").read_bytes()
    rows = [r for r in csv.DictReader(io.StringIO(gzip.decompress(packed).decode())) if r["Ticker"] == ticker]

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([float(row[name]) for row in rows])

    raw = Series(
        sessions=np.array([row["Date"] for row in rows], dtype="datetime64[D]"),
        open=column("Open"),
        high=column("High"),
        low=column("Low"),
        close=column("Close"),
        volume=column("Volume"),
    )
    return RealPrices(raw, column("Adj Close"))


def events(prices: RealPrices) -> list[tuple[date, float, float, date]]:
    """Return (ex-date, step of the file's factor, raw close before, session before) of each event in the file."""
    ratio = prices.adjusted_close / prices.raw.close
    step = ratio[:-1] / ratio[1:]
    days = prices.raw.sessions.tolist()
    return [
        (days[i + 1], float(step[i]), float(prices.raw.close[i]), days[i])
        for i in np.flatnonzero(np.abs(step - 1) > EVENT)
    ]


def dollars(amount: float) -> Decimal:
    """A float exactly as a Decimal: the file's derived dividends are not whole cents."""
    return Decimal(amount)
