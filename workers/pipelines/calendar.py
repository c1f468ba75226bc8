"""The calendar of trading sessions, monthly, so that it always goes well beyond the present."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineSpec, StepReport, StepSpec
from app.services.refresh_sessions import refresh_sessions
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step


async def refresh(step: Step, house: House) -> None:
    """Read the exchange's calendar again when what is stored ends soon; storing it twice changes nothing."""
    found = await refresh_sessions(house.sessions, house.read_sessions, house.clock.now())
    skipped = {"far enough ahead": 1} if found.changed is None else {}
    report = StepReport(done=found.changed or 0, skipped=skipped, details={"horizon": str(found.horizon)})
    async with step.done(report):
        return


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="calendar",
        summary="Keep the calendar of trading sessions 60 days ahead or more.",
        cron="0 5 1 * *",
        tz="America/New_York",
        steps=(StepSpec(name="refresh", summary="Read the exchange's calendar and store it."),),
    ),
    run={"refresh": refresh},
)
