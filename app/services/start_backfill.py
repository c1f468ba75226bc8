"""Start a run of a pipeline that fills a span of trading dates by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidRequestError

if TYPE_CHECKING:
    from app.ports.clock import Clock
    from app.ports.pipelines import Pipelines

EARLIEST = date(1970, 1, 1)
EXCHANGE = ZoneInfo("America/New_York")


async def start_backfill(  # noqa: PLR0913  what an operator says of a backfill
    pipelines: Pipelines, clock: Clock, *, pipeline: str, from_: date, until: date, force: bool
) -> tuple[int, bool]:
    """Start a run over trading dates from `from_` to before `until`; return its number and whether it is new.

    There is one run for each span; with `force` there is a new one each (market) second, whose steps get
    ``force`` among their arguments and ask again for what was already answered.

    Raises InvalidRequestError for a span that is empty, before 1970 or in the market's future, and
    UnknownSubjectError for a pipeline that is not declared.
    """
    now = clock.now()
    today = now.astimezone(EXCHANGE).date()
    if not EARLIEST <= from_ < until <= today + timedelta(days=1):
        message = (
            f"A backfill goes from 1970-01-01 or later, to before a later date that is {today + timedelta(days=1)} at "
            f"most: {from_} to {until} does not."
        )
        raise InvalidRequestError(message)
    window = f"backfill:{from_}..{until}" + (f"@{now:%Y-%m-%dT%H:%M:%SZ}" if force else "")
    return await pipelines.start(pipeline, window, {"from": str(from_), "until": str(until), "force": force})
