"""News, every two hours: plan who is due, ask within what is free, sum up. It holds nothing else up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.fetch_run import fetch_part, sum_up_run
from app.services.plan_news import plan_news
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step


async def plan(step: Step, house: House) -> None:
    """Plan whom to ask about."""
    await plan_news(house.desk, step)


async def fetch(step: Step, house: House) -> None:
    """Fetch one page; the next becomes another part."""
    await fetch_part(house.desk, step)


async def publish(step: Step, house: House) -> None:
    """Sum up the run."""
    await sum_up_run(house.desk, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="news",
        summary="Fetch the news of the companies that were not asked about for longest.",
        cron="10 */2 * * *",
        tz="America/New_York",
        steps=(
            StepSpec(name="plan", summary="Plan who is due, within what is free now."),
            StepSpec(name="fetch", summary="One page: reserve, ask, check, link, store.", fan_out_of="plan"),
            StepSpec(name="publish", summary="Sum up what was stored.", needs=("fetch",)),
        ),
    ),
    run={"plan": plan, "fetch": fetch, "publish": publish},
)
