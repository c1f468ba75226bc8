"""Changes: on which days what is known of an instrument changed."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read
from app.api.parameters import AsOf
from app.domain.market_days import known_as_of
from app.services.read_changes import ChangesRequest, InstrumentChanges, read_changes
from app.services.read_consistently import read_consistently
from app.services.read_instruments import InstrumentRequest

DATASETS: Final = ("bars_daily", "corporate_actions", "earnings", "fundamentals", "instruments")

Symbol = Annotated[
    str,
    PathParameter(
        description="The symbol as the exchange writes it, now or formerly. Case matters.",
        examples=[Example(value="AAPL")],
        min_length=1,
        max_length=32,
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]


@get(
    "/instruments/{symbol:str}/changes",
    **READ,
    operation_id="listInstrumentChanges",
    tags=["instruments"],
    summary="List when what is known of an instrument changed",
    responses={200: ResponseSpec(data_container=InstrumentChanges, description="They.", generate_examples=False)},
)
async def list_changes(
    request: Request[Any, Any, Any], house: HouseDependency, symbol: Symbol, as_of: AsOf = None, limit: Limit = 500
) -> Response[bytes]:
    """Return it, and the days in New York on which an `as_of` begins to answer otherwise, the latest first.

    Bars that came when they were due are not told: each session has one. Those that came more than five days after
    their session are (`bars_late`), and those whose values were corrected; so are actions, profiles, fundamentals and
    earnings that were first told, changed or withdrawn, and changed facts of the listing.
    """
    then = None if as_of is None else known_as_of(as_of, house.clock.now())
    wanted = ChangesRequest(asked=InstrumentRequest(symbol=symbol, as_of=then), limit=limit)

    async def make() -> Made:
        found, versions = await read_consistently(
            house.watermarks, DATASETS, lambda: read_changes(house.past_instruments, house.instrument_changes, wanted)
        )
        return Made(body=msgspec.json.encode(found), versions=versions)

    return await answer_read(house, request, Asked(about=wanted, media_type=JSON, datasets=DATASETS), make)


ROUTES = [list_changes]
