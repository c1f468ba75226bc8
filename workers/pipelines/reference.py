"""Reference data, weekly: the list of instruments, and all splits and dividends since the first session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.fetch_run import fetch_part, sum_up_run
from app.services.plan_fetches import PlanRequest
from app.services.plan_runs import plan_run
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

WEEKLY = PlanRequest(datasets=frozenset({Dataset.INSTRUMENTS, Dataset.SPLITS, Dataset.DIVIDENDS}), whole_sweeps=True)


async def plan(step: Step, house: House) -> None:
    """Plan the sweeps."""
    await plan_run(house.desk, step, WEEKLY)


async def fetch(step: Step, house: House) -> None:
    """Fetch one page; the next becomes another part."""
    await fetch_part(house.desk, step)


async def publish(step: Step, house: House) -> None:
    """Sum up the run."""
    await sum_up_run(house.desk, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="reference",
        summary="Fetch the list of instruments, and all splits and dividends, page by page.",
        cron="0 4 * * 6",
        tz="America/New_York",
        steps=(
            StepSpec(name="plan", summary="Plan the first page of each sweep."),
            StepSpec(name="fetch", summary="One page: reserve, ask, check, store.", fan_out_of="plan"),
            StepSpec(name="publish", summary="Sum up what was stored.", needs=("fetch",)),
        ),
    ),
    run={"plan": plan, "fetch": fetch, "publish": publish},
)
