"""News: articles as they were known at any time, and what their providers say of them."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.api.parameters import AsOf
from app.domain.market_days import known_as_of
from app.ports.news import NewsDetail, NewsItem
from app.services.read_bars import split_symbols
from app.services.read_consistently import read_consistently
from app.services.read_news import NewsRequest, read_article, read_news

DATASETS: Final = ("instruments", "news")
MAX_SYMBOLS: Final = 100
MAX_ID: Final = 2**53 - 1
Number = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="Number of an article.")]
Symbols = Annotated[
    str | None,
    QueryParameter(
        description=f"About any of up to {MAX_SYMBOLS} symbols, separated by commas; none for all. Case matters.",
        examples=[Example(value="AAPL,MSFT")],
        min_length=1,
        max_length=2_000,
    ),
]
Text = Annotated[
    str | None,
    QueryParameter(
        name="q",
        description='Words of the title or the summary; "..." for a phrase, or, and - before what must not be there.',
        examples=[Example(value='dividend "share buyback" -crypto')],
        min_length=1,
        max_length=200,
    ),
]
From = Annotated[
    date | None,
    QueryParameter(
        name="from", description="First day of publication, in New York.", examples=[Example(value="2010-05-01")]
    ),
]
Until = Annotated[
    date | None,
    QueryParameter(name="until", description="End of the days, exclusive.", examples=[Example(value="2010-05-08")]),
]
Provider = Annotated[
    str | None,
    QueryParameter(
        description="Only what this provider gave.", examples=[Example(value="finnhub")], pattern="^[a-z_]{1,32}$"
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=cursors.MAX_LENGTH,
        pattern=cursors.PATTERN,
        description="`next` of the page before; none for the first page.",
    ),
]


class NewsList(msgspec.Struct, frozen=True, kw_only=True):
    """Articles; `next` is the cursor of the next page, null on the last. `unknown` names symbols that nobody knows.

    `renamed`, where there are any, tells of former symbols which one their instrument has now.
    """

    items: list[NewsItem]
    next: str | None
    unknown: list[str]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class After(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended."""

    rank: Annotated[float, msgspec.Meta(ge=0, le=1_000)]
    published_at: Annotated[datetime, msgspec.Meta(tz=True)]
    id: Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


class OneArticle(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for one article."""

    id: int
    as_of: datetime | None


@get(
    "/news",
    **READ,
    operation_id="listNews",
    tags=["news"],
    summary="List or search the news",
    responses={200: ResponseSpec(data_container=NewsList, description="A page.", generate_examples=False)},
)
async def list_news(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbols: Symbols = None,
    text: Text = None,
    start: From = None,
    until: Until = None,
    as_of: AsOf = None,
    provider: Provider = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Return articles, the newest first; with `q` the best first, among the latest 500 that fit.

    A story that came by several providers and addresses is one article, with the text with which it came first;
    `sightings` counts how often it came. Sentiments are the providers' own scores, never Groat's. No character of `q`
    is refused.
    """
    words = {
        "symbols": symbols,
        "q": text,
        "from": start,
        "until": until,
        "as_of": as_of,
        "provider": provider,
        "limit": limit,
    }
    query = NewsRequest(
        symbols=None if symbols is None else split_symbols(symbols, MAX_SYMBOLS),
        text=text,
        from_=start,
        until=until,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        provider=provider,
        after=msgspec.structs.astuple(cursors.decode(cursor, After)) if cursor else None,
        limit=limit,
    )

    async def make() -> Made:
        page, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_news(house.news, house.instruments, query)
        )
        last = page.items[-1] if page.more else None
        following = cursors.encode(last.rank or 0.0, last.published_at, last.id) if last else None
        renamed = page.renamed or msgspec.UNSET
        found = NewsList(items=page.items, next=following, unknown=page.unknown, renamed=renamed)
        body = msgspec.json.encode(found)
        return Made(body=body, versions=versions, headers=next_link("/api/news", words, following))

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


@get(
    "/news/{number:int}",
    **READ,
    operation_id="getArticle",
    tags=["news"],
    summary="Show an article",
    responses={200: ResponseSpec(data_container=NewsDetail, description="The article.", generate_examples=False)},
)
async def get_article(
    request: Request[Any, Any, Any], house: HouseDependency, number: Number, as_of: AsOf = None
) -> Response[bytes]:
    """Return one article with each of its sightings, and with who ties it to which company: provider, or text."""
    then = None if as_of is None else known_as_of(as_of, house.clock.now())

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_article(house.news, number, then)
        )
        return Made(body=msgspec.json.encode(found), versions=versions)

    asked = Asked(about=OneArticle(id=number, as_of=then), media_type=JSON, datasets=DATASETS)
    return await answer_read(house, request, asked, make)


ROUTES = [list_news, get_article]
