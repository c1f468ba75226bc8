"""Disagreements: what providers tell differently."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.parameters import MAX_SYMBOLS, AsOf, Cursor, Symbols
from app.domain.market_days import known_as_of
from app.ports.fact_reads import Disagreement, DisagreementQuery, Disputed
from app.services.read_bars import split_symbols
from app.services.read_disagreements import read_disagreements

What = Annotated[Disputed, QueryParameter(name="dataset", description="What the disagreements are about.")]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]


class DisagreementList(msgspec.Struct, frozen=True, kw_only=True):
    """Disagreements by symbol; `next` is the cursor of the next page, null on the last.

    `unknown` names the symbols that nobody knows; `renamed`, where there are any, which ones former symbols are now.
    """

    items: list[Disagreement]
    next: str | None
    unknown: list[str]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@get(
    "/disagreements",
    **READ,
    operation_id="listDisagreements",
    tags=["provenance"],
    summary="List where providers disagree",
)
async def list_disagreements(  # noqa: PLR0913, PLR0917  these are the query's names
    house: HouseDependency,
    dataset: What = Disputed.FUNDAMENTALS,
    symbols: Symbols = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> DisagreementList:
    """Return what two or more providers tell differently of the same thing, by more than its tolerance.

    `difference` is the span of their values over the largest of them. Who is right is not decided here; how old each
    word is, `known_at` tells.
    """
    query = DisagreementQuery(
        instruments=None,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        after=cursors.decode(cursor, tuple[str, str]) if cursor else None,
        limit=limit,
    )
    asked = None if symbols is None else split_symbols(symbols, MAX_SYMBOLS)
    page = await read_disagreements(house.disagreements[dataset], house.instruments, asked, query)
    following = cursors.encode(page.items[-1].symbol, page.items[-1].subject) if page.more else None
    renamed = page.renamed or msgspec.UNSET
    return DisagreementList(items=page.items, next=following, unknown=page.unknown, renamed=renamed)


ROUTES: list[Any] = [list_disagreements]
