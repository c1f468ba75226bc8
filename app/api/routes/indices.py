"""Indices and who was in them when."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read
from app.api.parameters import AsOf
from app.domain.index_memberships import INDICES
from app.domain.market_days import day_end, known_as_of, market_date
from app.ports.instrument_reads import IndexSummary, Member
from app.services.read_consistently import read_consistently
from app.services.read_indices import MembersRequest, read_indices, read_members

DATASETS: Final = ("index_memberships", "instruments")

Index = Annotated[
    str,
    PathParameter(
        description="The index, by its name in the list of indices.",
        examples=[Example(value="sp500")],
        min_length=1,
        max_length=32,
    ),
]
On = Annotated[
    date | None,
    QueryParameter(
        description="The day; without it, the market's (or the as-of's).", examples=[Example(value="2010-05-06")]
    ),
]


class IndexList(msgspec.Struct, frozen=True, kw_only=True):
    """The indices whose members are known, by name; `members` is how many each has on the day `on`."""

    on: date
    items: list[IndexSummary]


class IndexMembers(msgspec.Struct, frozen=True, kw_only=True):
    """Who was in an index on a day, by symbol, with those that have left since or are gone.

    `symbol` and `name` of each are the source's. `missing` counts those of which no instrument is known here. `size` is
    how many companies the index is made of by its own rules: where `count` is less, the source does not know all.
    """

    index: str
    on: date
    size: int
    count: int
    missing: int
    items: list[Member]


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for the list of indices."""

    asked: MembersRequest


@get(
    "/indices",
    **READ,
    operation_id="listIndices",
    tags=["instruments"],
    summary="List the indices",
    responses={200: ResponseSpec(data_container=IndexList, description="The indices.", generate_examples=False)},
)
async def list_indices(
    request: Request[Any, Any, Any], house: HouseDependency, on: On = None, as_of: AsOf = None
) -> Response[bytes]:
    """Return the indices whose members are known by date, and how many each has."""
    query = settled(house, "", on, as_of)

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_indices(house.indices, query.on, query.as_of)
        )
        return Made(body=msgspec.json.encode(IndexList(on=query.on, items=found)), versions=versions)

    return await answer_read(house, request, asked(house, ListQuery(asked=query), on), make)


@get(
    "/indices/{index:str}/members",
    **READ,
    operation_id="listMembers",
    tags=["instruments"],
    summary="List the members of an index",
    responses={200: ResponseSpec(data_container=IndexMembers, description="The members.", generate_examples=False)},
)
async def list_members(
    request: Request[Any, Any, Any], house: HouseDependency, index: Index, on: On = None, as_of: AsOf = None
) -> Response[bytes]:
    """Return who was in an index on a day: a backtest that starts from them has no survivorship bias.

    `on` says of which day; `as_of`, as what was known then. An instrument is given where there is evidence which one
    it was.
    """
    query = settled(house, index, on, as_of)

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_members(house.indices, query)
        )
        missing = sum(member.instrument is None for member in found)
        size = INDICES[index].size
        body = IndexMembers(index=index, on=query.on, size=size, count=len(found), missing=missing, items=found)
        return Made(body=msgspec.json.encode(body), versions=versions)

    return await answer_read(house, request, asked(house, query, on), make)


def settled(house: HouseDependency, index: str, on: date | None, as_of: str | None) -> MembersRequest:
    """Settle which day is meant, and as of when."""
    now = house.clock.now()
    then = None if as_of is None else known_as_of(as_of, now)
    return MembersRequest(index=index, on=on or market_date(then or now), as_of=then)


def asked(house: HouseDependency, about: msgspec.Struct, on: date | None) -> Asked:
    """Frame the question; one that means today ends with the day."""
    ends = None if on else day_end(market_date(house.clock.now()))
    return Asked(about=about, media_type=JSON, datasets=DATASETS, expires_at=ends)


ROUTES = [list_indices, list_members]
