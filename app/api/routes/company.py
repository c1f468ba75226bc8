"""What is told of one company: its profile, its fundamentals, and how each fact changed."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read, next_link
from app.api.parameters import AsOf, Cursor, ProviderName
from app.domain import watermarks
from app.domain.datasets import Dataset
from app.domain.market_days import known_as_of
from app.ports.fact_reads import HistoryQuery
from app.services.read_company import Company, CompanyRequest, FactHistory, read_company, read_history

DATASETS: Final = ("fundamentals", "instruments")

Symbol = Annotated[
    str,
    PathParameter(
        description="The symbol as the exchange writes it. Case matters.",
        examples=[Example(value="AAPL")],
        min_length=1,
        max_length=32,
    ),
]
FactName = Annotated[
    str,
    PathParameter(description="Name of a fact.", examples=[Example(value="pe_ttm")], pattern="^[a-z][a-z0-9_]{0,39}$"),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]


class FactPage(FactHistory, frozen=True, kw_only=True):
    """The values of one fact, the latest first; `next` is the cursor of the next page, null on the last."""

    next: str | None


@get(
    "/instruments/{symbol:str}/profile",
    **READ,
    operation_id="getProfile",
    tags=["companies"],
    summary="Show a company's profile",
    responses={200: ResponseSpec(data_container=Company, description="The profile.", generate_examples=False)},
)
async def profile(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbol: Symbol,
    as_of: AsOf = None,
    provider: ProviderName = None,
) -> Response[bytes]:
    """Return who a company is: name, exchange, sector, size, as its providers tell it.

    Each fact is the preferred provider's among those who tell it; `provider` asks one of them alone. `known_at` is
    since when the provider's whole reply stands. Nothing stored is an empty list.
    """
    return await answer_company(house, request, company_request(house, Dataset.PROFILES, symbol, as_of, provider))


@get(
    "/instruments/{symbol:str}/fundamentals",
    **READ,
    operation_id="getFundamentals",
    tags=["companies"],
    summary="Show a company's fundamentals",
    responses={200: ResponseSpec(data_container=Company, description="The fundamentals.", generate_examples=False)},
)
async def fundamentals(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbol: Symbol,
    as_of: AsOf = None,
    provider: ProviderName = None,
) -> Response[bytes]:
    """Return what a company earns, owns and costs, each fact with its unit, its provider and since when it is known.

    Each fact is the preferred provider's among those who tell it; `provider` asks one of them alone. `known_at` is
    since when the provider's whole reply stands. Percent are percent: 12.5, not 0.125. Nothing stored is an empty list.
    """
    return await answer_company(house, request, company_request(house, Dataset.FUNDAMENTALS, symbol, as_of, provider))


@get(
    "/instruments/{symbol:str}/facts/{fact:str}",
    **READ,
    operation_id="getFactHistory",
    tags=["companies"],
    summary="Show how a fact changed",
    responses={200: ResponseSpec(data_container=FactPage, description="A page.", generate_examples=False)},
)
async def history(  # noqa: PLR0913, PLR0917  these are the query's names
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbol: Symbol,
    fact: FactName,
    as_of: AsOf = None,
    provider: ProviderName = None,
    limit: Limit = 250,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Return the values of one fact, the latest first, each from when it was known until the next one was.

    A null value means that the provider no longer told it.
    """
    query = HistoryQuery(
        symbol=symbol,
        fact=fact,
        provider=provider,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        after=cursors.decode(cursor, tuple[datetime, str, str]) if cursor else None,
        limit=limit,
    )
    words = {"as_of": as_of, "provider": provider, "limit": limit}

    async def make() -> Made:
        found, more, watermark = await read_history(house.companies, query)
        last = found.values[-1] if more else None
        following = cursors.encode(last.known_at, last.dataset, last.provider) if last else None
        body = msgspec.json.encode(FactPage(**msgspec.structs.asdict(found), next=following))
        link = next_link(f"/api/instruments/{quote(symbol, safe='')}/facts/{fact}", words, following)
        return Made(body=body, versions=watermarks.versions(watermark), headers=link)

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


def company_request(
    house: HouseDependency, dataset: Dataset, symbol: str, as_of: str | None, provider: str | None
) -> CompanyRequest:
    """Settle a question for a company's facts."""
    return CompanyRequest(
        symbol=symbol,
        dataset=dataset,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        provider=provider,
        preference=tuple(each.name for each in house.providers.able(dataset)),
    )


async def answer_company(
    house: HouseDependency, request: Request[Any, Any, Any], wanted: CompanyRequest
) -> Response[bytes]:
    """Answer a question for a company's facts."""

    async def make() -> Made:
        company, watermark = await read_company(house.companies, wanted)
        return Made(body=msgspec.json.encode(company), versions=watermarks.versions(watermark))

    return await answer_read(house, request, Asked(about=wanted, media_type=JSON, datasets=DATASETS), make)


ROUTES = [profile, fundamentals, history]
