"""Earnings: when companies report, what was expected, and what it was."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.api.parameters import MAX_SYMBOLS, AsOf, Cursor, ProviderName, Symbols
from app.domain.market_days import known_as_of
from app.ports.fact_reads import Earnings, EarningsQuery
from app.services.read_bars import split_symbols
from app.services.read_consistently import read_consistently
from app.services.read_earnings import EarningsRequest, read_earnings

DATASETS: Final = ("earnings", "instruments")

From = Annotated[
    date | None,
    QueryParameter(name="from", description="First report date, inclusive.", examples=[Example(value="2010-04-01")]),
]
Until = Annotated[
    date | None,
    QueryParameter(
        name="until", description="End of the report dates, exclusive.", examples=[Example(value="2010-07-01")]
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]


class EarningsList(msgspec.Struct, frozen=True, kw_only=True):
    """Reports, the latest report date first; `next` is the cursor of the next page, null on the last.

    `unknown` names the symbols that nobody knows; `renamed`, where there are any, which ones former symbols are now.
    """

    items: list[Earnings]
    next: str | None
    unknown: list[str]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@get(
    "/earnings",
    **READ,
    operation_id="listEarnings",
    tags=["companies"],
    summary="List earnings reports",
    responses={200: ResponseSpec(data_container=EarningsList, description="A page.", generate_examples=False)},
)
async def list_earnings(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbols: Symbols = None,
    start: From = None,
    until: Until = None,
    as_of: AsOf = None,
    provider: ProviderName = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Return the dates of past and coming reports with what was expected and what it was, as each provider tells it.

    Corrected reports, and those that were moved or called off, show only as of a time before.
    """
    words = {
        "symbols": symbols,
        "from": start,
        "until": until,
        "as_of": as_of,
        "provider": provider,
        "limit": limit,
    }
    wanted = EarningsRequest(
        symbols=None if symbols is None else split_symbols(symbols, MAX_SYMBOLS),
        query=EarningsQuery(
            instruments=None,
            from_=start,
            until=until,
            provider=provider,
            as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
            after=cursors.decode(cursor, tuple[date, int]) if cursor else None,
            limit=limit,
        ),
    )

    async def make() -> Made:
        page, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_earnings(house.earnings, house.instruments, wanted)
        )
        following = cursors.encode(page.items[-1].report_date, page.items[-1].id) if page.more else None
        renamed = page.renamed or msgspec.UNSET
        found = EarningsList(items=page.items, next=following, unknown=page.unknown, renamed=renamed)
        body = msgspec.json.encode(found)
        return Made(body=body, versions=versions, headers=next_link("/api/earnings", words, following))

    return await answer_read(house, request, Asked(about=wanted, media_type=JSON, datasets=DATASETS), make)


ROUTES = [list_earnings]
