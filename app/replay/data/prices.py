"""What the bars tell of one ticker at a moment of market time: its latest price, highs, lows, returns, volumes."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.replay import market_day
from app.replay.data import adjusting

if TYPE_CHECKING:
    from datetime import datetime

    from app.replay.data.adjusting import Columns, Floats
    from app.replay.data.market_data import MarketData, Rows

YEAR = timedelta(weeks=52)
QUARTER = timedelta(days=91)
RETURNS = {"13Week": timedelta(weeks=13), "26Week": timedelta(weeks=26), "52Week": YEAR}


class LastPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The newest session's prices as traded; `previous` is the close before it, adjusted if a split lies between."""

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    previous: float | None


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A ticker's bars up to today, oldest first, as if every split so far had been before the first of them."""

    sessions: np.typing.NDArray[np.datetime64]
    bars: Columns
    data_begin: date

    def since(self, day: date) -> slice | None:
        """Return the bars from a date on; None when the data begin after it, so that the period is not whole."""
        if not len(self.sessions) or self.data_begin > day:
            return None
        return slice(int(np.searchsorted(self.sessions, np.datetime64(day))), None)

    def close_on(self, day: date) -> float | None:
        """Return the last close up to a date; None when there is none within a week before it."""
        place = int(np.searchsorted(self.sessions, np.datetime64(day), "right")) - 1
        if place < 0 or (day - self.sessions[place].astype(object)).days > 7:  # noqa: PLR2004  a week
            return None
        return float(self.bars.close[place])


def over_by(now: datetime, hour: time) -> date:
    """Return the last date on which an hour in New York had passed."""
    today = market_day.today(now)
    return today if now >= market_day.at(today, hour) else today - timedelta(days=1)


def last_price(data: MarketData, ticker: str, now: datetime) -> LastPrice | None:
    """Return the prices of the newest session that has closed; None when the ticker has none so far."""
    rows = data.bars.of_ticker(ticker, data.first, over_by(now, market_day.CLOSE))[-2:]
    if not len(rows):
        return None
    bars, row = data.bars, rows[-1]
    days = bars.session_of(rows).astype(object)
    adjusted = adjusting.columns(data, rows, days[-1])
    return LastPrice(
        session=days[-1],
        open=float(bars.open[row]),
        high=float(bars.high[row]),
        low=float(bars.low[row]),
        close=float(bars.close[row]),
        volume=float(bars.volume[row]),
        previous=float(adjusted.close[0]) if len(rows) > 1 else None,
    )


def past(data: MarketData, ticker: str, now: datetime) -> Past:
    """Return the bars whose day is over."""
    rows = final_rows(data, ticker, now)
    columns = adjusting.columns(data, rows, market_day.today(now))
    return Past(sessions=data.bars.session_of(rows), bars=columns, data_begin=data.first)


def final_rows(data: MarketData, ticker: str, now: datetime) -> Rows:
    """Return the row numbers of a ticker's bars whose day is over."""
    return data.bars.of_ticker(ticker, data.first, over_by(now, market_day.END_OF_DAY))


def metrics(data: MarketData, ticker: str, now: datetime) -> dict[str, float | str]:
    """Compute what prices and volumes alone tell, named as Finnhub names it: volumes in millions, returns in percent.

    A period that reaches back before the data is left out, as is everything that needs a company's accounts.
    """
    found = past(data, ticker, now)
    if not len(found.sessions):
        return {}
    today = found.sessions[-1].astype(object)
    told: dict[str, float | str] = {}
    volumes = found.bars.volume
    if len(volumes) >= 10:  # noqa: PLR2004  it is named so
        told["10DayAverageTradingVolume"] = millions(volumes[-10:])
    if (quarter := found.since(today - QUARTER)) is not None:
        told["3MonthAverageTradingVolume"] = millions(volumes[quarter])
    if (year := found.since(today - YEAR)) is not None:
        told |= extremes(found, year)
    return told | returns(found, today)


def millions(volumes: Floats) -> float:
    """Return the mean in millions."""
    return round(float(volumes.mean()) / 1e6, 5)


def extremes(found: Past, year: slice) -> dict[str, float | str]:
    """Return the highest high and the lowest low of a year, each with its date."""
    highs, lows, days = found.bars.high[year], found.bars.low[year], found.sessions[year]
    return {
        "52WeekHigh": round(float(highs.max()), 4),
        "52WeekHighDate": str(days[highs.argmax()]),
        "52WeekLow": round(float(lows.min()), 4),
        "52WeekLowDate": str(days[lows.argmin()]),
    }


def returns(found: Past, today: date) -> dict[str, float | str]:
    """Return the changes of the close, without dividends, in percent."""
    close = float(found.bars.close[-1])
    before = {
        "5Day": float(found.bars.close[-6]) if len(found.bars.close) > 5 else None,  # noqa: PLR2004  five sessions back
        "monthToDate": found.close_on(today.replace(day=1) - timedelta(days=1)),
        "yearToDate": found.close_on(today.replace(month=1, day=1) - timedelta(days=1)),
    }
    before |= {name: found.close_on(today - span) for name, span in RETURNS.items()}
    return {
        f"{name}PriceReturnDaily": round((close / base - 1) * 100, 4) for name, base in sorted(before.items()) if base
    }
