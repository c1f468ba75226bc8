"""Instruments: listed, one by one, and searched."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.domain.instruments import Instrument
from app.ports.reads import InstrumentQuery
from app.services.read_consistently import read_consistently
from app.services.read_instruments import read_one, read_page

DATASETS: Final = ("instruments",)

Symbol = Annotated[
    str,
    PathParameter(
        description="The symbol as the exchange writes it. Case matters.",
        examples=[Example(value="BRK.B")],
        min_length=1,
        max_length=32,
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=cursors.MAX_LENGTH, description="`next` of the page before; none for the first page."),
]
Sector = Annotated[
    str | None,
    QueryParameter(description="Only this sector.", examples=[Example(value="Energy")], min_length=1, max_length=100),
]
Mic = Annotated[
    str | None,
    QueryParameter(
        description="Only this exchange, by its ISO 10383 market code.",
        examples=[Example(value="XNYS")],
        pattern="^[A-Z0-9]{4}$",
    ),
]
Text = Annotated[
    str,
    QueryParameter(
        name="q",
        description="A symbol, or words of a name.",
        examples=[Example(value="berkshire")],
        min_length=1,
        max_length=100,
    ),
]
Few = Annotated[int, QueryParameter(ge=1, le=50, description="How many at most.")]
Active = Annotated[bool | None, QueryParameter(description="Only those that are traded, or only those no longer.")]


class InstrumentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments by symbol; `next` is the cursor of the next page, null on the last."""

    items: list[Instrument]
    next: str | None


class InstrumentHits(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments, the best first."""

    items: list[Instrument]


class OneInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for one instrument."""

    symbol: str


@get(
    "/instruments",
    **READ,
    operation_id="listInstruments",
    tags=["instruments"],
    summary="List the instruments",
    responses={200: ResponseSpec(data_container=InstrumentPage, description="A page.", generate_examples=False)},
)
async def list_instruments(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    limit: Limit = 100,
    cursor: Cursor = None,
    sector: Sector = None,
    mic: Mic = None,
    active: Active = None,
) -> Response[bytes]:
    """Return instruments by symbol, a page at a time; the header Link names the next page too."""
    after = cursors.decode(cursor, tuple[str])[0] if cursor else None
    words = {"limit": limit, "sector": sector, "mic": mic, "active": None if active is None else str(active).lower()}
    query = InstrumentQuery(after=after, limit=limit, sector=sector, mic=mic, active=active)

    async def make() -> Made:
        (items, more), versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_page(house.instruments, query)
        )
        following = cursors.encode(items[-1].symbol) if more else None
        body = msgspec.json.encode(InstrumentPage(items=list(items), next=following))
        return Made(body=body, versions=versions, headers=next_link("/api/instruments", words, following))

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


@get(
    "/instruments/{symbol:str}",
    **READ,
    operation_id="getInstrument",
    tags=["instruments"],
    summary="Show an instrument",
    responses={200: ResponseSpec(data_container=Instrument, description="The instrument.", generate_examples=False)},
)
async def get_instrument(request: Request[Any, Any, Any], house: HouseDependency, symbol: Symbol) -> Response[bytes]:
    """Return one instrument by its symbol."""

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_one(house.instruments, symbol)
        )
        return Made(body=msgspec.json.encode(found), versions=versions)

    asked = Asked(about=OneInstrument(symbol=symbol), media_type=JSON, datasets=DATASETS)
    return await answer_read(house, request, asked, make)


@get(
    "/instruments/search",
    **READ,
    operation_id="searchInstruments",
    tags=["instruments"],
    summary="Search the instruments",
    responses={200: ResponseSpec(data_container=InstrumentHits, description="The best.", generate_examples=False)},
)
async def search_instruments(house: HouseDependency, text: Text, limit: Few = 10) -> Response[bytes]:
    """Return the instruments that a text means, the best first.

    The symbol itself leads, then symbols that begin so, then names: by their words in any order, by beginnings
    of words, and in spite of typing errors. No character is an operator.
    """
    items = await house.search.find(text, limit)
    return Response(b'{"items":[%s]}' % b",".join(items), media_type=JSON)


ROUTES = [list_instruments, search_instruments, get_instrument]
