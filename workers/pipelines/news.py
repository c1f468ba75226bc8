"""News of companies: all day long, as far as the plans allow. It holds nothing else up.

A tick starts a run, which plans round after round until the next tick's run takes over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.fetch_run import fetch_part, sum_up_run
from app.services.plan_runs import Drain, plan_round
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

EVERY = timedelta(hours=6)


async def plan(step: Step, house: House) -> None:
    """Plan the first round."""
    await plan_round(house.desk, step, Drain(datasets=(Dataset.NEWS,), until=house.clock.now() + EVERY))


async def fetch(step: Step, house: House) -> None:
    """Fetch one page, or plan the next round."""
    await fetch_part(house.desk, step)


async def publish(step: Step, house: House) -> None:
    """Sum up the run."""
    await sum_up_run(house.desk, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="news",
        summary="Fetch the news of companies, those asked about longest ago first, as far as the plans allow.",
        cron="50 2,8,14,20 * * *",
        tz="America/New_York",
        steps=(
            StepSpec(name="plan", summary="Plan the first round, with a reason for what waits."),
            StepSpec(
                name="fetch",
                summary="One page: reserve, ask, check, link, store; or the next round.",
                fan_out_of="plan",
            ),
            StepSpec(name="publish", summary="Sum up what was stored.", needs=("fetch",)),
        ),
    ),
    run={"plan": plan, "fetch": fetch, "publish": publish},
)
