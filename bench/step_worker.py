"""A worker with two pipelines of no-op steps, each with an effect row: `python -m bench.step_worker`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, cast

from app import settings as doors
from app.domain.pipelines import Part, PipelineSpec, StepReport, StepSpec
from workers.main import enter
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from app.bootstrap import House
    from app.ports.steps import Step

TABLES: Final = """
CREATE TABLE bench_effects (part text NOT NULL);
CREATE TABLE bench_marks (run_id bigint PRIMARY KEY, committing_at timestamptz NOT NULL);
"""
# A cron must come some day; this one does not during a benchmark.
LEAP_DAY: Final = "0 0 29 2 *"
ARGV: Final = (sys.executable, "-m", "bench.step_worker")


async def split(step: Step, _house: House) -> None:
    """Insert the parts, and note when the commit begins."""
    parts = [Part(step="work", part=f"{number:05d}") for number in range(cast("int", step.args["parts"]))]
    async with step.done(StepReport(done=len(parts)), parts) as unit:
        mark = "INSERT INTO bench_marks (run_id, committing_at) VALUES (%s, clock_timestamp())"
        await cast("AsyncConnection[Any]", unit).execute(mark, (step.run_id,))


async def work(step: Step, _house: House) -> None:
    """Write one effect row, together with `done`."""
    async with step.done(StepReport(done=1)) as unit:
        await cast("AsyncConnection[Any]", unit).execute("INSERT INTO bench_effects (part) VALUES (%s)", (step.part,))


FAN: Final = Pipeline(
    spec=PipelineSpec(
        name="bench_fan",
        summary="Many steps that do next to nothing.",
        cron=LEAP_DAY,
        steps=(
            StepSpec(name="split", summary="Insert the parts."),
            StepSpec(name="work", summary="Write one row.", fan_out_of="split"),
        ),
    ),
    run={"split": split, "work": work},
)


if __name__ == "__main__":
    enter(doors.load(), lambda: {FAN.spec.name: FAN}, ARGV, sys.argv[1:])
