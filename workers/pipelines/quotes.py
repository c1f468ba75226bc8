"""Quotes of the watchlist while the exchange is open, each five minutes old at most as far as the plans allow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.pipelines import PipelineSpec, StepReport, StepSpec
from app.domain.quotas import CallClass
from app.services.fetch_run import fetch_part, sum_up_run
from app.services.plan_fetches import PlanRequest
from app.services.plan_runs import plan_run
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

# Somebody may be looking: they do not queue behind what nobody waits for.
QUOTES = PlanRequest(
    datasets=frozenset({Dataset.QUOTES}), horizon=timedelta(minutes=10), call_class=CallClass.INTERACTIVE
)


async def plan(step: Step, house: House) -> None:
    """Plan the quotes that are due; without a watchlist there are none."""
    if not house.desk.following.watchlist:
        async with step.done(StepReport(skipped={"no watchlist: set GROAT_PLAN__WATCHLIST": 1})):
            return
    await plan_run(house.desk, step, QUOTES)


async def fetch(step: Step, house: House) -> None:
    """Ask for one quote and store it."""
    await fetch_part(house.desk, step)


async def publish(step: Step, house: House) -> None:
    """Sum up the run."""
    await sum_up_run(house.desk, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="quotes",
        summary="Fetch the quotes of the watchlist while the exchange is open.",
        cron="*/5 9-15 * * 1-5",
        tz="America/New_York",
        steps=(
            StepSpec(name="plan", summary="Plan the quotes that are due."),
            StepSpec(name="fetch", summary="One call: reserve, ask, check, store.", fan_out_of="plan"),
            StepSpec(name="publish", summary="Sum up what was stored.", needs=("fetch",)),
        ),
    ),
    run={"plan": plan, "fetch": fetch, "publish": publish},
)
