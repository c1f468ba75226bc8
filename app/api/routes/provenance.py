"""Provenance: where a stored value comes from."""

from datetime import date
from typing import Annotated, Any

from litestar import get
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api.deps import READ, HouseDependency
from app.api.parameters import AsOf
from app.domain.datasets import Dataset
from app.domain.market_days import known_as_of
from app.ports.fact_reads import OriginQuery
from app.services.read_provenance import Origins, read_provenance

What = Annotated[
    Dataset,
    QueryParameter(
        name="dataset",
        description=(
            "Of which dataset the value is. symbol_bars are other providers' bars, which are compared and never served."
        ),
        examples=[Example(value="bars_daily")],
    ),
]
Symbol = Annotated[
    str | None,
    QueryParameter(
        description="The symbol; of all datasets but news. Case matters.",
        examples=[Example(value="AAPL")],
        min_length=1,
        max_length=32,
    ),
]
Session = Annotated[
    date | None,
    QueryParameter(
        name="session",
        description="A bar's session, an action's ex-date, a quote's market day, or an earnings report's date.",
        examples=[Example(value="2010-05-06")],
    ),
]
FactName = Annotated[
    str | None,
    QueryParameter(description="Name of a fact of profiles or fundamentals.", pattern="^[a-z][a-z0-9_]{0,39}$"),
]
Article = Annotated[int | None, QueryParameter(description="Number of an article.", ge=1, le=2**53)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]


@get(
    "/provenance",
    **READ,
    operation_id="getProvenance",
    tags=["provenance"],
    summary="Show where a value comes from",
)
async def provenance(  # noqa: PLR0913, PLR0917  these are the query's names
    house: HouseDependency,
    dataset: What,
    symbol: Symbol = None,
    session: Session = None,
    fact: FactName = None,
    article: Article = None,
    as_of: AsOf = None,
    limit: Limit = 50,
) -> Origins:
    """Return which provider told a value in which reply, since when it is known, and the values that it superseded.

    Each comes with the fetch: what was asked, the SHA-256 and the size of the reply's bytes, and the pipeline step
    (run/step/part) that stored it. Name a value by `symbol` and `session` (bars, actions, quotes, earnings), by
    `symbol` and `fact` (profiles, fundamentals), or by `article` (news).
    """
    query = OriginQuery(
        dataset=dataset,
        symbol=symbol,
        day=session,
        fact=fact,
        article=article,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        limit=limit,
    )
    return await read_provenance(house.provenance, query)


ROUTES: list[Any] = [provenance]
