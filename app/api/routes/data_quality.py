"""Data quality: how fresh and complete each dataset is, session by session, and which stored bars are in doubt."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.api.parameters import AsOf
from app.domain.market_days import known_as_of
from app.domain.quality_series import Rule
from app.ports.quality import FlagQuery, FlagView
from app.services.read_bars import split_symbols
from app.services.read_data_quality import DatasetQuality, SessionQuality, read_data_quality, read_quality_calendar

MAX_SYMBOLS: Final = 100
From = Annotated[
    date, QueryParameter(name="from", description="First session.", examples=[Example(value="2010-04-01")])
]
Until = Annotated[
    date, QueryParameter(description="End of the sessions, exclusive.", examples=[Example(value="2010-05-01")])
]
FlagsFrom = Annotated[date | None, QueryParameter(name="from", description="First session, inclusive.")]
FlagsUntil = Annotated[date | None, QueryParameter(description="End of the sessions, exclusive.")]
Symbols = Annotated[
    str | None,
    QueryParameter(
        description=f"Up to {MAX_SYMBOLS} symbols, separated by commas; none for the whole market. Case matters.",
        examples=[Example(value="DHR,GIS")],
        min_length=1,
        max_length=2_000,
    ),
]
OnlyRule = Annotated[Rule | None, QueryParameter(description="Only doubts of this rule.")]
OnlyState = Annotated[
    Literal["open", "confirmed", "resolved"] | None,
    QueryParameter(name="state", description="Only flags that stand so."),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=cursors.MAX_LENGTH,
        pattern=cursors.PATTERN,
        description="`next` of the page before; none for the first page.",
    ),
]


class DataQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How every dataset stands."""

    items: Sequence[DatasetQuality]


class QualityCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions in order."""

    items: Sequence[SessionQuality]


class FlagPage(msgspec.Struct, frozen=True, kw_only=True):
    """Flags, the latest session first; `next` is the cursor of the next page, null on the last."""

    items: Sequence[FlagView]
    next: str | None


@get("/data-quality", **READ, operation_id="getDataQuality", tags=["quality"], summary="How the data stand")
async def data_quality(house: HouseDependency) -> DataQuality:
    """Return for each dataset how fresh and how complete it is, its gaps, and what is held back or in doubt."""
    return DataQuality(items=await read_data_quality(house.desk, house.quality_reads))


@get(
    "/data-quality/calendar",
    **READ,
    operation_id="getQualityCalendar",
    tags=["quality"],
    summary="Completeness by session",
)
async def calendar(house: HouseDependency, start: From, until: Until) -> QualityCalendar:
    """Return for each session that is over how many daily bars are expected, stored, held back and flagged."""
    return QualityCalendar(items=await read_quality_calendar(house.desk, house.quality_reads, start, until))


@get("/data-quality/flags", **READ, operation_id="listFlags", tags=["quality"], summary="Doubts about stored bars")
async def flags(  # noqa: PLR0913, PLR0917  these are the query's names
    house: HouseDependency,
    symbols: Symbols = None,
    rule: OnlyRule = None,
    standing: OnlyState = None,
    start: FlagsFrom = None,
    until: FlagsUntil = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> FlagPage:
    """Return flags with their evidence, the latest session first; the bars themselves are served as they are.

    A flag is `open` while nobody knows better, `confirmed` when a second provider says the same as the stored bar, and
    `resolved` when an action explains it, the bar was corrected or a missing one has come.
    """
    query = FlagQuery(
        symbols=None if symbols is None else split_symbols(symbols, MAX_SYMBOLS),
        rule=rule,
        state=standing,
        from_=start,
        until=until,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
        after=cursors.decode(cursor, tuple[date, int]) if cursor else None,
        limit=limit + 1,
    )
    found = await house.quality_reads.flags(query)
    page = found[:limit]
    return FlagPage(items=page, next=cursors.encode(page[-1].session, page[-1].id) if len(found) > limit else None)


ROUTES: list[Any] = [data_quality, calendar, flags]
