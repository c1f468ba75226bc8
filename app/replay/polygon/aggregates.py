"""Bars that name their ticker: the whole market's day, and a ticker's previous close."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from app.replay import market_day
from app.replay.data import adjusting
from app.replay.horizon import Horizon
from app.replay.polygon import answers, parameters

if TYPE_CHECKING:
    from datetime import date

    from app.replay.data.market_data import MarketData
    from app.replay.dialect import Call, Reply

KEPT_DAYS = 32
WIRE = {"ticker": "T", "volume": "v", "open": "o", "close": "c", "high": "h", "low": "l", "at_ms": "t"}


class TickerBar(msgspec.Struct, frozen=True, rename=WIRE):
    """A bar that names its ticker; `at_ms` is the close, 16:00 New York."""

    ticker: str
    volume: float
    open: float
    close: float
    high: float
    low: float
    at_ms: int


class Aggregates:
    """Answers with bars out of one data set, as far as the plan and the market clock allow."""

    def __init__(self, data: MarketData, history_years: int) -> None:
        self._data = data
        self._history_years = history_years
        self._encoded: OrderedDict[tuple[date, int], tuple[int, msgspec.Raw]] = OrderedDict()

    def grouped(self, call: Call, day_text: str) -> Reply:
        """Answer with every ticker's bar of one day."""
        adjusted = parameters.flag(call.params, "adjusted", default=True)
        parameters.flag(call.params, "include_otc", default=False)
        day = parameters.iso_date(day_text, "date")
        horizon = Horizon.of(self._data, self._history_years, call.now)
        if day == horizon.today and not market_day.is_final(day, call.now):
            raise answers.before_end_of_day()
        if not horizon.holds(day):
            raise answers.outside_plan()
        count, results = self.encoded_day(day, horizon.today if adjusted else day)
        head = {"queryCount": count, "resultsCount": count, "adjusted": adjusted}
        return answers.ok(head, results=results if count else None, tail={"count": count})

    def encoded_day(self, day: date, adjusted_to: date) -> tuple[int, msgspec.Raw]:
        """Return how many bars a day has, and the bars as JSON, adjusted for the splits after it up to a date."""
        key = (day, sum(day < split.on <= adjusted_to for split in self._data.splits))
        if key not in self._encoded:
            bars = self._data.bars
            rows = bars.of_day(day)
            at_ms = market_day.milliseconds(day, market_day.CLOSE)
            columns = adjusting.columns(self._data, rows, adjusted_to)
            tickers = (bars.tickers[number] for number in bars.symbol[rows])
            wire = [TickerBar(ticker, *row, at_ms) for ticker, row in zip(tickers, columns.rows(), strict=True)]
            self._encoded[key] = len(wire), msgspec.Raw(answers.ENCODER.encode(wire))
            if len(self._encoded) > KEPT_DAYS:
                self._encoded.popitem(last=False)
        return self._encoded[key]

    def previous(self, call: Call, ticker: str) -> Reply:
        """Answer with a ticker's newest final bar."""
        adjusted = parameters.flag(call.params, "adjusted", default=True)
        horizon = Horizon.of(self._data, self._history_years, call.now)
        rows = self._data.bars.of_ticker(ticker, horizon.oldest, horizon.newest)[-1:]
        columns = adjusting.columns(self._data, rows, horizon.today if adjusted else None)
        days = self._data.bars.session_of(rows).astype(object)
        results = [
            TickerBar(ticker, *row, market_day.milliseconds(day, market_day.CLOSE))
            for day, row in zip(days, columns.rows(), strict=True)
        ]
        head = {"ticker": ticker, "queryCount": len(results), "resultsCount": len(results), "adjusted": adjusted}
        return answers.ok(head, results=results or None, tail={"count": len(results)})
