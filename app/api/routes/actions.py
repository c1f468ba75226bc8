"""Corporate actions: splits and cash dividends."""

from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.api.parameters import MAX_SYMBOLS, AsOf, Cursor, Symbols
from app.domain.market_days import known_as_of
from app.ports.reads import Action
from app.services.read_actions import ActionRequest, read_actions
from app.services.read_bars import split_symbols
from app.services.read_consistently import read_consistently

DATASETS: Final = ("corporate_actions", "instruments")

Kind = Annotated[Literal["split", "dividend"] | None, QueryParameter(description="Only this kind.")]
From = Annotated[
    date | None,
    QueryParameter(name="from", description="First ex-date, inclusive.", examples=[Example(value="2003-01-01")]),
]
Until = Annotated[
    date | None,
    QueryParameter(name="until", description="End of the ex-dates, exclusive.", examples=[Example(value="2006-01-01")]),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]


class ActionList(msgspec.Struct, frozen=True, kw_only=True):
    """Actions, the latest ex-date first; `next` is the cursor of the next page, null on the last.

    `unknown` names the symbols that nobody knows; `renamed`, where there are any, which ones former symbols are now.
    """

    items: list[Action]
    next: str | None
    unknown: list[str]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@get(
    "/actions",
    **READ,
    operation_id="listActions",
    tags=["actions"],
    summary="List corporate actions",
    responses={200: ResponseSpec(data_container=ActionList, description="A page.", generate_examples=False)},
)
async def list_actions(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbols: Symbols = None,
    kind: Kind = None,
    start: From = None,
    until: Until = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Return splits and cash dividends by ex-date, the latest first, as every provider reported them.

    A split turns `split_from` shares into `split_to`; a dividend pays `cash_amount` a share. Amounts are exact,
    and therefore strings. Corrected reports show only as of a time before the correction.
    """
    words = {
        "symbols": symbols,
        "kind": kind,
        "from": start,
        "until": until,
        "as_of": as_of,
        "limit": limit,
    }
    query = ActionRequest(
        symbols=None if symbols is None else split_symbols(symbols, MAX_SYMBOLS),
        kind=kind,
        from_=start,
        until=until,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        after=cursors.decode(cursor, tuple[date, int]) if cursor else None,
        limit=limit,
    )

    async def make() -> Made:
        page, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_actions(house.actions, house.instruments, query)
        )
        following = cursors.encode(page.items[-1].ex_date, page.items[-1].id) if page.more else None
        renamed = page.renamed or msgspec.UNSET
        found = ActionList(items=page.items, next=following, unknown=page.unknown, renamed=renamed)
        body = msgspec.json.encode(found)
        return Made(body=body, versions=versions, headers=next_link("/api/actions", words, following))

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


ROUTES = [list_actions]
