"""Instruments: listed, one by one, over time, and searched."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.api.parameters import AsOf, Cursor
from app.domain.instruments import Instrument
from app.domain.market_days import known_as_of
from app.ports.instrument_reads import InstrumentStory
from app.ports.reads import InstrumentQuery
from app.services.read_consistently import read_consistently
from app.services.read_instruments import FoundInstrument, InstrumentRequest, read_one, read_page, read_story

DATASETS: Final = ("instruments",)
# What was traded on a day is told by bars too, and a story tells of memberships.
LISTED_DATASETS: Final = ("bars_daily", "instruments")
STORY_DATASETS: Final = ("index_memberships", "instruments")

Symbol = Annotated[
    str,
    PathParameter(
        description="The symbol as the exchange writes it, now or formerly. Case matters.",
        examples=[Example(value="BRK.B")],
        min_length=1,
        max_length=32,
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]
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
On = Annotated[
    date | None,
    QueryParameter(
        description="The day on which it had the symbol; without it, who has it, or had it last.",
        examples=[Example(value="2010-05-06")],
    ),
]
ListedOn = Annotated[
    date | None,
    QueryParameter(
        description="Only those that were listed on this day, the ones that have gone since included.",
        examples=[Example(value="2010-05-06")],
    ),
]


class InstrumentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments by symbol; `next` is the cursor of the next page, null on the last.

    `undated` counts, on the first page of a question with `listed_on`, those that may have been listed as well: nothing
    tells since when they are, or until when they were.
    """

    items: list[Instrument]
    next: str | None
    undated: int | None = None


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for an instrument over time: another one than for the instrument alone."""

    asked: InstrumentRequest


class InstrumentHits(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments, the best first."""

    items: list[Instrument]


class InstrumentHistory(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument and all that is known of it over time, the oldest first.

    `symbols` are its tickers, `facts` what was known of it and until when, `memberships` the indices it was in.
    """

    instrument: FoundInstrument
    story: InstrumentStory


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
    listed_on: ListedOn = None,
    as_of: AsOf = None,
) -> Response[bytes]:
    """Return instruments by symbol, a page at a time; the header Link names the next page too.

    With `listed_on` those that were listed on a day: the first day and the last are known, or bars of the ten days
    before tell. So a backtest has no survivorship bias: what has gone since is among them.
    """
    words = {
        "limit": limit,
        "sector": sector,
        "mic": mic,
        "active": None if active is None else str(active).lower(),
        "listed_on": listed_on,
        "as_of": as_of,
    }
    query = InstrumentQuery(
        after=cursors.decode(cursor, tuple[str, int]) if cursor else None,
        limit=limit,
        sector=sector,
        mic=mic,
        active=active,
        listed_on=listed_on,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
    )
    datasets = DATASETS if listed_on is None else LISTED_DATASETS

    async def make() -> Made:
        page, versions = await read_consistently(
            house.watermarks, datasets, lambda: read_page(house.instruments, house.past_instruments, query)
        )
        following = cursors.encode(page.items[-1].symbol, page.items[-1].id) if page.more else None
        body = msgspec.json.encode(InstrumentPage(items=list(page.items), next=following, undated=page.undated))
        return Made(body=body, versions=versions, headers=next_link("/api/instruments", words, following))

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=datasets), make)


@get(
    "/instruments/{symbol:str}",
    **READ,
    operation_id="getInstrument",
    tags=["instruments"],
    summary="Show an instrument",
    responses={200: ResponseSpec(data_container=FoundInstrument, description="It.", generate_examples=False)},
)
async def get_instrument(
    request: Request[Any, Any, Any], house: HouseDependency, symbol: Symbol, on: On = None, as_of: AsOf = None
) -> Response[bytes]:
    """Return one instrument by a symbol that it has, or had.

    Who has the symbol is meant, or had it last; with `on`, who had it that day. `matched_symbol` is there when the
    instrument has another symbol now. When it cannot be told who is meant the answer is 422.
    """
    query = asked_for(house, symbol, on, as_of)

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_one(house.past_instruments, query)
        )
        return Made(body=msgspec.json.encode(found), versions=versions)

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


@get(
    "/instruments/{symbol:str}/history",
    **READ,
    operation_id="getInstrumentHistory",
    tags=["instruments"],
    summary="Show an instrument over time",
    responses={200: ResponseSpec(data_container=InstrumentHistory, description="It.", generate_examples=False)},
)
async def get_instrument_history(
    request: Request[Any, Any, Any], house: HouseDependency, symbol: Symbol, on: On = None, as_of: AsOf = None
) -> Response[bytes]:
    """Return an instrument's symbols, its facts as they were known over time, and the indices that it was in."""
    query = asked_for(house, symbol, on, as_of)

    async def make() -> Made:
        (found, story), versions = await read_consistently(
            house.watermarks, STORY_DATASETS, lambda: read_story(house.past_instruments, query)
        )
        return Made(body=msgspec.json.encode(InstrumentHistory(instrument=found, story=story)), versions=versions)

    asked = Asked(about=HistoryQuery(asked=query), media_type=JSON, datasets=STORY_DATASETS)
    return await answer_read(house, request, asked, make)


def asked_for(house: HouseDependency, symbol: str, on: date | None, as_of: str | None) -> InstrumentRequest:
    """Settle a question for one instrument."""
    then = None if as_of is None else known_as_of(as_of, house.clock.now())
    return InstrumentRequest(symbol=symbol, on=on, as_of=then)


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


ROUTES = [list_instruments, search_instruments, get_instrument, get_instrument_history]
