"""Data quality, after each of the daily bars' runs: judge what is new, ask about a few doubts, compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineSpec, StepSpec
from app.services.fetch_run import fetch_part
from app.services.judge_bars import judge_bars
from app.services.judge_opinions import compare_opinions, plan_opinions
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

# The first judgement after a whole backfill reads every bar.
JUDGE_S = 900.0


async def judge(step: Step, house: House) -> None:
    """Judge what has changed since it was judged last."""
    await judge_bars(house.clock, house.bar_quality, step)


async def ask(step: Step, house: House) -> None:
    """Choose the doubts that a second provider is asked about."""
    await plan_opinions(house.desk, house.bar_quality, step)


async def fetch(step: Step, house: House) -> None:
    """Make one call and store its reply."""
    await fetch_part(house.desk, step)


async def compare(step: Step, house: House) -> None:
    """Hold second opinions against what is stored."""
    await compare_opinions(house.desk, house.bar_quality, step)


PIPELINE = Pipeline(
    spec=PipelineSpec(
        name="quality",
        summary="Flag bars that look wrong, with evidence, and ask a second provider about a few of them.",
        cron="0 1,7,21 * * *",
        tz="America/New_York",
        steps=(
            StepSpec(name="judge", summary="Judge what is new.", queue="long", deadline_s=JUDGE_S),
            StepSpec(name="ask", summary="Choose what to ask a second provider about.", needs=("judge",)),
            StepSpec(name="fetch", summary="One call: reserve, ask, check, store.", fan_out_of="ask"),
            StepSpec(name="compare", summary="Compare what the providers say.", needs=("fetch",)),
        ),
    ),
    run={"judge": judge, "ask": ask, "fetch": fetch, "compare": compare},
)
