"""Pipelines whose effects can be counted: each done step leaves one row in a table that allows doubles."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from typing import TYPE_CHECKING, Any

from app.domain.errors import GiveUpError, LaterError
from app.domain.pipelines import Part, PipelineSpec, StepReport, StepSpec
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

EFFECTS = "CREATE TABLE effects (run_id bigint, step text, part text, at timestamptz DEFAULT clock_timestamp())"
NEVER = "0 0 29 2 *"


def pause(step: Step) -> float:
    """Each step's own duration, the same for every seed and run of the test."""
    return random.Random(step.key).uniform(0.02, float(str(step.args.get("slowest_s", 0.4))))


async def write(unit: Any, step: Step) -> None:
    sql = "INSERT INTO effects (run_id, step, part) VALUES (%s, %s, %s)"
    await unit.execute(sql, (step.run_id, step.name, step.part))


async def work(step: Step, _: House) -> None:
    await asyncio.sleep(pause(step))
    async with step.done(StepReport(done=1)) as unit:
        await write(unit, step)


async def split(step: Step, _: House) -> None:
    await asyncio.sleep(pause(step))
    parts = [Part(step="fetch", part=str(n)) for n in range(int(str(step.args.get("parts", 6))))]
    async with step.done(StepReport(), parts) as unit:
        await write(unit, step)


async def page(step: Step, _: House) -> None:
    """Make the next page, twice over, and now and then find the quota used up."""
    if random.random() < 0.1:
        message = "No call is free just now."
        raise LaterError(message, wait_s=0.2)
    await asyncio.sleep(pause(step))
    following = [Part(step="fetch", part=step.part + "+")] if step.part.count("+") < 2 else []
    async with step.done(StepReport(), following) as unit:
        await write(unit, step)


async def poison(_step: Step, _: House) -> None:
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


async def wrong(_step: Step, _: House) -> None:
    message = "This never works."
    raise GiveUpError(message)


async def nothing(step: Step, _: House) -> None:
    async with step.done(StepReport()) as unit:
        await write(unit, step)


def spec(name: str, *steps: StepSpec) -> PipelineSpec:
    return PipelineSpec(name=name, summary=f"Chaos: {name}.", cron=NEVER, steps=steps)


PLAN = StepSpec(name="plan", summary="")
FETCH = StepSpec(name="fetch", summary="", fan_out_of="plan")
MERGE = StepSpec(name="merge", summary="", needs=("fetch",), queue="long")
REGISTRY = {
    "fan": Pipeline(spec=spec("fan", PLAN, FETCH, MERGE), run={"plan": split, "fetch": work, "merge": work}),
    "pages": Pipeline(spec=spec("pages", PLAN, FETCH, MERGE), run={"plan": split, "fetch": page, "merge": work}),
    "poison": Pipeline(spec=spec("poison", StepSpec(name="bad", summary="")), run={"bad": poison}),
    "wrong": Pipeline(spec=spec("wrong", StepSpec(name="bad", summary="")), run={"bad": wrong}),
    "many": Pipeline(spec=spec("many", PLAN, FETCH), run={"plan": split, "fetch": nothing}),
}
