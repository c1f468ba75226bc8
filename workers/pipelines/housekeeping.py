"""Housekeeping, daily: what grows with each call and each run is kept for a while, not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineSpec, StepSpec
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step


async def prune(step: Step, house: House) -> None:
    """Delete what is old, in small transactions of their own; doing it twice changes nothing."""
    report = await house.keep_house()
    async with step.done(report):
        return


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="housekeeping",
        summary="Delete old provider calls and pipeline runs.",
        cron="15 3 * * *",
        tz="America/New_York",
        steps=(StepSpec(name="prune", summary="Delete what is older than the settings keep."),),
    ),
    run={"prune": prune},
)
