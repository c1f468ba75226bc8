"""Quarantine: rows that were held back, and what is decided on them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg, PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import OPERATE, READ, DoorkeeperDependency, HouseDependency
from app.domain.datasets import Dataset
from app.ports.quality import HeldQuery, HeldView
from app.services.review_quarantine import LONGEST_REASON, Verdict, review_quarantine

MAX_ID = 2**53 - 1
HeldId = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="Number of a held row.")]
OnlyDataset = Annotated[Dataset | None, QueryParameter(name="dataset", description="Only rows of this dataset.")]
OnlyRule = Annotated[
    str | None,
    QueryParameter(
        name="rule",
        min_length=1,
        max_length=64,
        pattern=r"^[a-z_]+$",
        description="Only rows that broke this rule.",
        examples=[Example(value="ohlc_order")],
    ),
]
OnlySymbol = Annotated[
    str | None,
    QueryParameter(
        name="symbol", min_length=1, max_length=64, pattern=r"^[!-~]+$", description="Only rows of this symbol."
    ),
]
OnlyProvider = Annotated[
    str | None,
    QueryParameter(
        name="provider",
        min_length=1,
        max_length=64,
        pattern=r"^[a-z_]+$",
        description="Only rows that this provider told.",
        examples=[Example(value="polygon")],
    ),
]
OnlyState = Annotated[
    Literal["held", "released", "rejected", "all"], QueryParameter(name="state", description="How the rows stand.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=cursors.MAX_LENGTH,
        pattern=cursors.PATTERN,
        description="`next` of the page before; none for the first page.",
    ),
]


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    """Held rows, the latest first; `next` is the cursor of the next page, null on the last."""

    items: Sequence[HeldView]
    next: str | None


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; it is kept with the row."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")]


@get("/quarantine", **READ, operation_id="listHeldRows", tags=["quality"], summary="List rows that were held back")
async def list_held(  # noqa: PLR0913, PLR0917  these are the query's names
    house: HouseDependency,
    dataset: OnlyDataset = None,
    rule: OnlyRule = None,
    symbol: OnlySymbol = None,
    provider: OnlyProvider = None,
    standing: OnlyState = "held",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> HeldPage:
    """Return rows that failed their checks, as they were received, with the evidence, the latest first."""
    query = HeldQuery(
        dataset=dataset,
        rule=rule,
        symbol=symbol,
        provider=provider,
        state=None if standing == "all" else standing,
        before_id=cursors.decode(cursor, tuple[int])[0] if cursor else None,
        limit=limit + 1,
    )
    found = await house.quarantine.page(query)
    page = found[:limit]
    return HeldPage(items=page, next=cursors.encode(page[-1].id) if len(found) > limit else None)


@get("/quarantine/{held_id:int}", **READ, operation_id="getHeldRow", tags=["quality"], summary="Show a held row")
async def get_held(house: HouseDependency, held_id: HeldId) -> HeldView:
    """Return one row that was held back, and what was decided on it."""
    return await house.quarantine.get(held_id)


@post(
    "/quarantine/{held_id:int}/release",
    **OPERATE,
    operation_id="releaseHeldRow",
    tags=["quality"],
    summary="Store a held row as it is",
    status_code=200,
)
async def release(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    doorkeeper: DoorkeeperDependency,
    held_id: HeldId,
    data: Annotated[Reason, BodyKwarg(description="Why it is right after all.")],
) -> HeldView:
    """Store the row as it is, under the fetch that brought it, as known from now on; twice is once.

    A stored bar of the same session becomes a revision. 422 when the table cannot hold the row: it then stays held.
    """
    return await review(request, house, doorkeeper, held_id, "release", data)


@post(
    "/quarantine/{held_id:int}/reject",
    **OPERATE,
    operation_id="rejectHeldRow",
    tags=["quality"],
    summary="Reject a held row",
    status_code=200,
)
async def reject(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    doorkeeper: DoorkeeperDependency,
    held_id: HeldId,
    data: Annotated[Reason, BodyKwarg(description="Why it is wrong.")],
) -> HeldView:
    """Close the case: the row is never stored, and the same row is not held again; twice is once.

    409 when it was released: it is stored then.
    """
    return await review(request, house, doorkeeper, held_id, "reject", data)


async def review(  # noqa: PLR0913, PLR0917  what both verdicts have
    request: Request[Any, Any, Any],
    house: HouseDependency,
    doorkeeper: DoorkeeperDependency,
    held_id: int,
    verdict: Verdict,
    data: Reason,
) -> HeldView:
    """Carry out a verdict in the name of the token's subject."""
    who = doorkeeper.subject(request.scope)
    return await review_quarantine(house.quarantine, house.clock, held_id, verdict, reason=data.reason, decided_by=who)


ROUTES: list[Any] = [list_held, get_held, release, reject]
