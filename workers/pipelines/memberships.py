"""Members of indices, weekly behind the lists of instruments: the source is read again, and what is new is linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.refresh_memberships import refresh_memberships
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step


async def refresh(step: Step, house: House) -> None:
    """Read who is and was in which index, as far as the market's day knows; storing it twice changes nothing."""
    await refresh_memberships(step, house.memberships_ingest, house.read_memberships, house.clock)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="memberships",
        summary="Keep who is and was in the S&P 500, the Nasdaq-100 and the Dow Jones Industrial Average.",
        cron="0 9 * * 6",
        tz="America/New_York",
        steps=(StepSpec(name="refresh", summary="Read the source, store what is new, link it with instruments."),),
    ),
    run={"refresh": refresh},
)
