"""Custom bars: one ticker's bars of days, weeks, months, quarters or years between two dates."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.replay import market_day
from app.replay.data import adjusting
from app.replay.horizon import Horizon
from app.replay.polygon import answers, paging, parameters
from app.replay.polygon.aggregates import WIRE
from app.replay.polygon.windows import TIMESPANS, end_of, starts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.replay.data.adjusting import Columns
    from app.replay.data.market_data import MarketData, Rows
    from app.replay.dialect import Call, Reply
    from app.replay.polygon.windows import Dates

MAX_BASE_BARS = 50_000
DEFAULT_BASE_BARS = 5_000
MAX_MULTIPLIER = 10_000


class RangeBar(msgspec.Struct, frozen=True, rename=WIRE):
    """A bar of the ticker that was asked for; `at_ms` is where its window starts, midnight New York."""

    volume: float
    open: float
    close: float
    high: float
    low: float
    at_ms: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for: bars `multiplier` times `timespan` wide, both dates included."""

    ticker: str
    multiplier: int
    timespan: str
    first: date
    last: date
    adjusted: bool
    newest_first: bool
    limit: int


class Ranges:
    """Answers with one ticker's bars, as far as the plan and the market clock allow."""

    def __init__(self, data: MarketData, history_years: int) -> None:
        self._data = data
        self._history_years = history_years

    def answer(self, call: Call, *parts: str) -> Reply:
        """Answer with the bars between two dates; `parts` are ticker, multiplier, timespan, from and to."""
        params = paging.opened(call.params)
        asked = read(parts, params)
        horizon = Horizon.of(self._data, self._history_years, call.now)
        if not horizon.holds(asked.first):
            raise answers.outside_plan()
        rows, starts = self.windowed(asked, horizon)
        page, rest = pages(starts, asked)
        columns = adjusting.columns(self._data, rows[page], horizon.today if asked.adjusted else None)
        results = merged(columns, starts[page])
        if asked.newest_first:
            results.reverse()
        head = {
            "ticker": asked.ticker,
            "queryCount": len(columns.close),
            "resultsCount": len(results),
            "adjusted": asked.adjusted,
            "status": "DELAYED" if asked.last >= horizon.today else "OK",
        }
        following = {"next_url": next_url(call, params, rest, asked)} if len(rest) else {}
        return answers.ok(head, results=results or None, tail={"count": len(results), **following})

    def windowed(self, asked: Asked, horizon: Horizon) -> tuple[Rows, Dates]:
        """Return the rows of every window that touches the range, and where the window of each starts."""
        anchor = np.datetime64(asked.first)
        from_ = starts_of(np.array([anchor]), asked.timespan, asked.multiplier, anchor)[0]
        until = end_of(np.datetime64(asked.last), asked.timespan, asked.multiplier, anchor)
        first, last = max(from_, np.datetime64(horizon.oldest)), min(until, np.datetime64(horizon.newest))
        bars = self._data.bars
        rows = bars.of_ticker(asked.ticker, first.astype(object), last.astype(object))
        return rows, starts_of(bars.session_of(rows), asked.timespan, asked.multiplier, anchor)


def read(parts: tuple[str, ...], params: Mapping[str, str]) -> Asked:
    """Read the path and the parameters."""
    ticker, multiplier, timespan, from_, to = parts
    if timespan not in TIMESPANS:
        raise answers.not_entitled()
    first, last = parameters.moment(from_, "from"), parameters.moment(to, "to")
    if last < first:
        text = "The parameter 'to' cannot be a time that occurs before 'from'"
        raise answers.bad_request(text)
    return Asked(
        ticker=ticker,
        multiplier=parameters.whole(multiplier, "multiplier", 1, MAX_MULTIPLIER),
        timespan=timespan,
        first=first,
        last=last,
        adjusted=parameters.flag(params, "adjusted", default=True),
        newest_first=parameters.choice(params, "sort", ("asc", "desc"), "asc") == "desc",
        limit=parameters.whole(params.get("limit") or str(DEFAULT_BASE_BARS), "limit", 1, MAX_BASE_BARS),
    )


def pages(starts: Dates, asked: Asked) -> tuple[slice, Dates]:
    """Return which rows this page holds, and the window starts of the rest.

    A page holds whole windows of at most `limit` days together, and at least one window.
    """
    count = len(starts)
    if count <= asked.limit:
        return slice(0, count), starts[:0]
    if asked.newest_first:
        cut = int(np.searchsorted(starts, starts[count - asked.limit - 1], "right"))
        cut = min(cut, int(np.searchsorted(starts, starts[-1], "left")))
        return slice(cut, count), starts[:cut]
    cut = int(np.searchsorted(starts, starts[asked.limit], "left"))
    cut = max(cut, int(np.searchsorted(starts, starts[0], "right")))
    return slice(0, cut), starts[cut:]


def merged(days: Columns, starts: Dates) -> list[RangeBar]:
    """Merge days that share a window: first open, last close, highest high, lowest low, sum of the volumes."""
    if not len(starts):
        return []
    windows, first = np.unique(starts, return_index=True)
    last = np.append(first[1:], len(starts)) - 1
    bars = adjusting.Columns(
        np.add.reduceat(days.volume, first),
        days.open[first],
        days.close[last],
        np.maximum.reduceat(days.high, first),
        np.minimum.reduceat(days.low, first),
    )
    times = (market_day.milliseconds(day, market_day.MIDNIGHT) for day in windows.astype(object))
    return [RangeBar(*row, at_ms) for row, at_ms in zip(bars.rows(), times, strict=True)]


def next_url(call: Call, params: Mapping[str, str], rest: Dates, asked: Asked) -> str:
    """Return the address of the rest of a range; the key is not in it."""
    *kept, from_, to = call.path.rstrip("/").split("/")
    # A window may start before the range does; its last page must still end inside the range.
    edge = max(rest[-1].astype(object), asked.first) if asked.newest_first else rest[0].astype(object)
    edge_ms = str(market_day.milliseconds(edge, market_day.MIDNIGHT))
    bounds = (from_, edge_ms) if asked.newest_first else (edge_ms, to)
    return f"{call.base_url}{'/'.join([*kept, *bounds])}?cursor={paging.closed(params)}"
