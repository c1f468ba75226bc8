"""Daily bars of the whole US market, three times a day: plan, fetch within the quota, sum up.

A backfill is a run of the same pipeline with ``from`` and ``until`` among its arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.fetch_run import backfill_request, fetch_part, sum_up_run
from app.services.plan_fetches import PlanRequest
from app.services.plan_runs import plan_run
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

BARS = frozenset({Dataset.BARS_DAILY})
# The first, long sweep of the actions is the weekly reference run's.
DAILY = PlanRequest(datasets=BARS | {Dataset.SPLITS, Dataset.DIVIDENDS}, first_sweeps=False)


async def plan(step: Step, house: House) -> None:
    """Plan what is missing, the newest session first."""
    await plan_run(house.desk, step, backfill_request(step, BARS) or DAILY)


async def fetch(step: Step, house: House) -> None:
    """Make one call and store its reply."""
    await fetch_part(house.desk, step)


async def publish(step: Step, house: House) -> None:
    """Sum up the run."""
    await sum_up_run(house.desk, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="daily_bars",
        summary="Fetch the daily bars that are missing, and what is new in splits and dividends.",
        cron="30 0,6,20 * * *",
        tz="America/New_York",
        steps=(
            StepSpec(name="plan", summary="Plan the calls, with a reason for each gap that waits."),
            StepSpec(name="fetch", summary="One call: reserve, ask, check, store.", fan_out_of="plan"),
            StepSpec(name="publish", summary="Sum up what was stored.", needs=("fetch",)),
        ),
    ),
    run={"plan": plan, "fetch": fetch, "publish": publish},
)
