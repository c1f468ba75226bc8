"""The market's day: how many shares rose and fell, how far, in which sectors, and which moved most."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read
from app.api.parameters import AsOf
from app.domain.market_breadth import MarketSession
from app.domain.market_days import day_end, known_as_of, market_date
from app.services.market_freshness import Awaited, Freshness, awaited_session, read_freshness
from app.services.read_consistently import read_consistently
from app.services.read_market import MarketDay, MarketRequest, Universe, read_market

# What the figures are made of, and must be of one moment.
FIGURES: Final = ("bars_daily", "corporate_actions", "index_memberships", "instruments")
# Sectors are told by companies' facts, which change by the second while they are fetched.
DATASETS: Final = (*FIGURES, "fundamentals")

Session = Annotated[
    date | None,
    QueryParameter(
        description="The session, by its date in New York; without it, the latest that is stored.",
        examples=[Example(value="2010-05-06")],
    ),
]
Whose = Annotated[
    Universe,
    QueryParameter(description="All common shares that are stored, or an index's members of each day."),
]


class MarketQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for the market's day."""

    asked: MarketRequest
    awaited: Awaited | None


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The market's day and the sessions around it, oldest first; `day` is null while no bar is stored.

    Percent are percent, from the close before (restated for splits and dividends), volumes shares, prices and dollar
    volumes (close times shares) US dollars. Times are UTC, sessions dates of the exchange. `freshness` is of now:
    null with `as_of`.
    """

    universe: Universe
    as_of: datetime | None
    day: MarketDay | None
    sessions: list[MarketSession]
    freshness: Freshness | None


@get(
    "/market",
    **READ,
    operation_id="getMarket",
    tags=["market"],
    summary="The market's day",
    responses={200: ResponseSpec(data_container=Market, description="The day.", generate_examples=False)},
)
async def market(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    session: Session = None,
    universe: Whose = Universe.ALL,
    as_of: AsOf = None,
) -> Response[bytes]:
    """Return how many shares rose and fell, how far, in which sectors, which moved most, and sixty sessions around it.

    Every figure is worked out from stored bars. A share counts where it has a close of the five sessions before; a
    session after one that is not stored is compared with nothing. 404 for a session of which no bar is stored.
    """
    now = house.clock.now()
    then = None if as_of is None else known_as_of(as_of, now)
    today = market_date(then or now)
    query = MarketQuery(
        asked=MarketRequest(session=session, universe=universe, as_of=then, today=today),
        awaited=None if then else await awaited_session(house.desk, now),
    )

    async def make() -> Made:
        told = (await house.watermarks.versions()).get("fundamentals", 0)

        async def read() -> Market:
            found = await read_market(house.market, query.asked)
            asked = query.asked
            freshness = None if then else await read_freshness(house.market, query.awaited, asked.today)
            return Market(
                universe=asked.universe, as_of=asked.as_of, day=found.day, sessions=found.sessions, freshness=freshness
            )

        body, versions = await read_consistently(house.watermarks, FIGURES, read)
        # A fact that came while it was read makes the next answer another one.
        return Made(body=msgspec.json.encode(body), versions={**versions, "fundamentals": told})

    ends = day_end(market_date(now))
    expires_at = None if then else min(ends, query.awaited.due_at) if query.awaited else ends
    asked = Asked(about=query, media_type=JSON, datasets=DATASETS, expires_at=expires_at)
    return await answer_read(house, request, asked, make)


ROUTES = [market]
