"""Bars of many symbols in one answer."""

import asyncio
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api import representations
from app.api.deps import READ, HouseDependency, producing
from app.api.edge import choose
from app.api.hot_reads import Asked, Made, answer_read
from app.api.representations import PRODUCES, ColumnarBars
from app.domain import watermarks
from app.domain.bars import Adjustment, Timeframe
from app.domain.errors import InvalidRequestError
from app.domain.market_days import day_end, market_date
from app.ports.quality import FlagQuery
from app.ports.reads import BarQuery, BarText
from app.services.read_bars import BarRequest, bar_query, read_bars

DATASETS: Final = ("bars_daily", "corporate_actions", "instruments")
FLAGGED: Final = (*DATASETS, "quarantine")
MAX_FLAGS: Final = 1_000
MAX_SYMBOLS: Final = 100
MAX_LIMIT: Final = 10_000

Symbols = Annotated[
    str,
    QueryParameter(
        name="symbols",
        description=f"Up to {MAX_SYMBOLS} symbols, separated by commas, in the order wanted. Case matters.",
        examples=[Example(value="AAPL,MSFT")],
        min_length=1,
        max_length=2_000,
    ),
]
Width = Annotated[
    Timeframe,
    QueryParameter(
        name="timeframe",
        description=(
            "Width of a bar. Weekly bars (1w) bear the Monday of their ISO week, monthly ones (1mo) the first of "
            "their month; the last one may be unfinished."
        ),
    ),
]
From = Annotated[
    date | None,
    QueryParameter(
        name="from",
        description=(
            "First session, inclusive; by default a year before `until`, or as far back as `limit` needs. For 1w "
            "and 1mo it is moved back to the first day of its week or month."
        ),
        examples=[Example(value="2010-01-04")],
    ),
]
Until = Annotated[
    date | None,
    QueryParameter(
        name="until",
        description="End of the sessions, exclusive; by default the day after the market's date.",
        examples=[Example(value="2010-04-01")],
    ),
]
Adjusted = Annotated[
    Adjustment,
    QueryParameter(
        name="adjusted",
        description=(
            "What earlier bars are restated for: nothing (as traded), splits, or all (splits and cash dividends). "
            "Only actions whose ex-date has come, and which were known at `as_of`, count."
        ),
    ),
]
AsOf = Annotated[
    str | None,
    QueryParameter(
        name="as_of",
        description=(
            "Answer with what was known then: a timestamp with its zone, or a date, which means the end of that "
            "day in New York. Later bars, corrections and actions do not show."
        ),
        examples=[Example(value="2010-05-06T18:45:00Z")],
        min_length=8,
        max_length=40,
    ),
]
Limit = Annotated[
    int | None,
    QueryParameter(
        name="limit",
        description="Keep only this many of each symbol's latest bars in the range.",
        examples=[Example(value=250)],
        ge=1,
        le=MAX_LIMIT,
    ),
]
WithFlags = Annotated[
    bool,
    QueryParameter(
        name="flags",
        description=f"List the open doubts about the bars in the range too, the latest {MAX_FLAGS:,}. JSON only.",
    ),
]


class FlaggedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for bars and the doubts about them."""

    bars: BarQuery


@get(
    "/bars",
    **producing(READ, *PRODUCES),
    operation_id="getBars",
    tags=["bars"],
    summary="Bars of many symbols",
    responses={200: ResponseSpec(data_container=ColumnarBars, description="The bars.", generate_examples=False)},
)
async def bars(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbols: Symbols,
    timeframe: Width = Timeframe.DAY,
    start: From = None,
    until: Until = None,
    adjusted: Adjusted = Adjustment.SPLITS,
    as_of: AsOf = None,
    limit: Limit = None,
    flags: WithFlags = False,  # noqa: FBT002  a query has no positions
) -> Response[bytes]:
    """Return open, high, low, close and volume of up to 100 symbols, oldest first.

    The range is half-open: `from` is in it, `until` is not. The answer is columnar JSON, or by `Accept`: rows
    (`application/vnd.groat.rows+json`), `text/csv`, `application/vnd.apache.arrow.stream` or
    `application/vnd.apache.parquet`. JSON holds up to 50,000 daily bars, the others 1,000,000. A symbol without
    bars in the range has empty columns; symbols that nobody knows are listed in `unknown` (tables: in the header
    Unknown-Symbols), and when none is known the answer is 404. A former symbol means the instrument that had it last
    before `until`; `renamed` tells its symbol of now (tables: Renamed-Symbols). Volumes are in shares and follow
    splits inversely.
    """
    now = house.clock.now()
    wanted = BarRequest(
        symbols=symbols,
        timeframe=timeframe,
        from_=start,
        until=until,
        adjusted=adjusted,
        as_of=as_of,
        limit=limit,
    )
    query = bar_query(wanted, now, max_symbols=MAX_SYMBOLS)
    media_type = choose(request.headers.get("accept", "*/*"), PRODUCES) or PRODUCES[0]

    if flags and media_type not in representations.SHAPES:
        message = "`flags` go with JSON only: accept application/json, or ask /api/data-quality/flags."
        raise InvalidRequestError(message)

    async def make() -> Made:
        if not flags:
            return await make_bars(house, query, media_type)
        return await make_flagged(house, query, media_type)

    # "Today" is part of the question: of its defaults, and of which actions have happened.
    expires_at = day_end(market_date(now)) if query.as_of is None else None
    about: msgspec.Struct = FlaggedQuery(bars=query) if flags else query
    datasets = FLAGGED if flags else DATASETS
    asked = Asked(about=about, media_type=media_type, datasets=datasets, expires_at=expires_at)
    return await answer_read(house, request, asked, make)


async def make_bars(house: HouseDependency, query: BarQuery, media_type: str) -> Made:
    """Read and encode; what takes long to encode does so in a thread."""
    shape = representations.SHAPES.get(media_type)
    answer = await read_bars(house.bars, query, shape=shape, max_rows=representations.max_rows(media_type))
    versions = watermarks.versions(answer.watermark)
    if shape or isinstance(answer, BarText):
        return Made(body=representations.encode_json(query, answer, media_type), versions=versions)
    body = await asyncio.to_thread(representations.encode_table, answer, media_type)
    unknown = ",".join(quote(symbol, safe="") for symbol in answer.unknown)
    renamed = ",".join(f"{quote(old, safe='')}={quote(new, safe='')}" for old, new in answer.renamed.items())
    told = (("unknown-symbols", unknown), ("renamed-symbols", renamed))
    return Made(body=body, versions=versions, headers=tuple((name, value) for name, value in told if value))


async def make_flagged(house: HouseDependency, query: BarQuery, media_type: str) -> Made:
    """Make the answer with the open doubts; its version of these is never newer than what is shown."""
    before = await house.watermarks.versions()
    made = await make_bars(house, query, media_type)
    doubts = FlagQuery(
        limit=MAX_FLAGS,
        symbols=query.symbols,
        state="open",
        from_=query.from_,
        until=query.until,
        as_of=query.as_of,
    )
    body = representations.with_flags(made.body, await house.quality_reads.flags(doubts))
    return Made(body=body, versions={**made.versions, "quarantine": before.get("quarantine", 0)})


ROUTES = [bars]
