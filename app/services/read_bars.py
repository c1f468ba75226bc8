"""Read bars of many symbols: raw or adjusted, daily or wider, as known now or then."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.adjustment import adjust
from app.domain.bars import Adjustment, Timeframe
from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.market_days import known_as_of, market_date
from app.domain.rollup import period_start, roll_up
from app.ports.reads import BarQuery, BarText, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.series import Series
    from app.ports.reads import BarReads, RawBars

ONE_YEAR: Final = timedelta(days=365)
FIRST_DAY: Final = date(1900, 1, 1)
# Calendar days that surely hold one bar, on average: a year has some 252 sessions, and at times a long closure.
DAYS_A_BAR: Final = {Timeframe.DAY: 365 / 245, Timeframe.WEEK: 7.0, Timeframe.MONTH: 31.0}
SPARE_DAYS: Final = 31
WEEK: Final = 7
# How many unknown symbols an error names.
SHOWN: Final = 10


class BarRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asked for, before defaults."""

    symbols: str
    timeframe: Timeframe = Timeframe.DAY
    from_: date | None = None
    until: date | None = None
    adjusted: Adjustment = Adjustment.SPLITS
    as_of: str | None = None
    limit: int | None = None


class BarAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Bars in columns, in the order asked, the symbols that nobody knows, and which ones former symbols are now."""

    watermark: str
    found: list[tuple[str, Series]]
    unknown: list[str]
    renamed: dict[str, str] = {}


def bar_query(request: BarRequest, now: datetime, *, max_symbols: int) -> BarQuery:
    """Settle what the user left open, so that equal questions become equal values.

    `until` becomes the day after the market's (or the as-of's) date, `from_` a year earlier, or early enough
    for `limit` bars. Weekly and monthly bars move `from_` back to the first day of its period, so that the
    first bar is whole. Raises InvalidRequestError when nothing can be answered.
    """
    as_of = None if request.as_of is None else known_as_of(request.as_of, now)
    today = market_date(as_of or now)
    until = request.until or today + timedelta(days=1)
    if request.from_ is not None:
        start = request.from_
    else:
        bars = request.limit or 0
        span = timedelta(days=math.ceil(bars * DAYS_A_BAR[request.timeframe]) + SPARE_DAYS) if bars else ONE_YEAR
        start = until - span if (until - FIRST_DAY) > span else FIRST_DAY
    if start >= until:
        message = f"`from` ({start}) must be before `until` ({until}), which is exclusive."
        raise InvalidRequestError(message)
    return BarQuery(
        symbols=split_symbols(request.symbols, max_symbols),
        timeframe=request.timeframe,
        from_=period_start(start, request.timeframe),
        until=until,
        adjusted=request.adjusted,
        today=today,
        as_of=as_of,
        last=request.limit,
    )


def split_symbols(text: str, max_symbols: int) -> tuple[str, ...]:
    """Return the symbols of a comma-separated list, each once, in the order given."""
    symbols = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not symbols:
        message = "`symbols` names no symbol: write for example AAPL,MSFT."
        raise InvalidRequestError(message)
    if len(symbols) > max_symbols:
        message = f"`symbols` names {len(symbols)} symbols; at most {max_symbols} are answered at once."
        raise InvalidRequestError(message)
    return symbols


async def read_bars(store: BarReads, query: BarQuery, *, shape: Shape | None, max_rows: int) -> BarText | BarAnswer:
    """Answer a question for bars.

    With a `shape`, raw daily bars come as the JSON text that the store writes, whenever that is the answer.
    Raises UnknownSubjectError when no symbol is known, InvalidRequestError when the answer would be longer
    than `max_rows` daily bars.
    """
    await refuse_too_many(store, query, max_rows)
    answer: BarText | BarAnswer | None = None
    if shape and query.timeframe is Timeframe.DAY and query.as_of is None and query.last is None:
        answer = await store.text(query, shape)
    if answer is None:
        snapshot = await store.raw(query)
        found = [(raw.symbol, prepare(raw, query)) for raw in snapshot.found]
        answer = BarAnswer(
            watermark=snapshot.watermark, found=found, unknown=snapshot.unknown, renamed=snapshot.renamed
        )
    if not answer.found:
        raise UnknownSubjectError(nobody_knows(answer.unknown))
    return answer


def prepare(raw: RawBars, query: BarQuery) -> Series:
    """Adjust, then roll up, then cut to the latest."""
    series = roll_up(adjust(raw.series, raw.splits, raw.dividends), query.timeframe)
    return series if query.last is None else series.last(query.last)


async def refuse_too_many(store: BarReads, query: BarQuery, max_rows: int) -> None:
    """Count before reading, but only when there could be too many."""
    weekdays = math.ceil((query.until - query.from_).days / WEEK) * (WEEK - 2)
    if weekdays * len(query.symbols) <= max_rows:
        return
    count = await store.count(query)
    if count > max_rows:
        message = (
            f"That is {count:,} daily bars; one answer of this format holds {max_rows:,}. Ask for fewer symbols or a "
            "shorter range, or accept application/vnd.apache.arrow.stream, which holds 1,000,000."
        )
        raise InvalidRequestError(message)


def nobody_knows(symbols: Sequence[str]) -> str:
    """Say which symbols are unknown, and what may be wrong with them."""
    shown = ", ".join(symbol[:20] for symbol in symbols[:SHOWN]) + (" and others" if len(symbols) > SHOWN else "")
    return f"No instrument has the symbol {shown}. Symbols are case-sensitive; /api/instruments/search finds them."
