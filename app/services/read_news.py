"""Read articles: of some companies or of all, newest first or by words, as they were known at any time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.market_days import day_end
from app.ports.news import NewsQuery
from app.services.asked_symbols import asked_symbols, require_range

if TYPE_CHECKING:
    from app.ports.news import NewsDetail, NewsItem, NewsReads
    from app.ports.reads import InstrumentReads


class NewsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asked for: settled, but for the symbols. `symbols` is None for all articles.

    `from_` and `until` are New York's dates, the latter exclusive; `after` continues behind (rank, published, id).
    """

    symbols: tuple[str, ...] | None
    text: str | None
    from_: date | None
    until: date | None
    as_of: datetime | None
    provider: str | None
    after: tuple[float, datetime, int] | None
    limit: int


class NewsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of articles, whether there are more, the symbols that nobody knows, and former ones with those of now."""

    items: list[NewsItem]
    more: bool
    unknown: list[str]
    renamed: dict[str, str]


async def read_news(news: NewsReads, instruments: InstrumentReads, request: NewsRequest) -> NewsPage:
    """Answer a question for articles.

    Raises InvalidRequestError when the range is empty, UnknownSubjectError when no symbol is known.
    """
    require_range(request.from_, request.until)
    asked = await asked_symbols(instruments, request.symbols, request.as_of, request.until)
    query = NewsQuery(
        instruments=asked.numbers,
        text=request.text,
        from_=None if request.from_ is None else day_begin(request.from_),
        until=None if request.until is None else day_begin(request.until),
        as_of=request.as_of,
        provider=request.provider,
        after=request.after,
        limit=request.limit + 1,
    )
    found = await news.page(query)
    return NewsPage(
        items=found[: request.limit],
        more=len(found) > request.limit,
        unknown=asked.unknown,
        renamed=asked.renamed,
    )


async def read_article(news: NewsReads, number: int, as_of: datetime | None) -> NewsDetail:
    """Return one article; raise UnknownSubjectError when there is none, or none was known then."""
    found = await news.one(number, as_of)
    if found is None:
        message = f"There is no article {number}" + (" that was known then." if as_of else ".")
        raise UnknownSubjectError(message)
    return found


def day_begin(day: date) -> datetime:
    """Return, aware UTC, the midnight in New York that begins a day; raise InvalidRequestError beyond the calendar."""
    try:
        return day_end(day - timedelta(days=1))
    except OverflowError:
        message = f"{day} is too far from today."
        raise InvalidRequestError(message) from None
