"""Follow a run until it ends, with a progress bar; leaving early leaves the run running."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from app.cli.frame import FAILED, INTERRUPTED, OK
from app.cli.house import open_house
from app.cli.progress import Bar
from app.domain.errors import DependencyDownError
from app.domain.pipelines import RunState, StepState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.bootstrap import House
    from app.ports.pipelines import RunView, StepView

EVERY_S = 1.0
PAGE = 200
MOST_NOTES = 10


async def follow(run_id: int) -> int:
    """Show a run's progress until it ends; return the exit code: 0 done, 1 failed, 130 left early."""
    try:
        async with open_house() as house:
            return await Watch(house, run_id).follow()
    except asyncio.CancelledError:
        click.echo(f"\nrun {run_id} goes on without you: groat pipelines watch {run_id}", err=True)
        return INTERRUPTED


class Watch:
    """One run under watch. A database that goes away meanwhile is waited for."""

    def __init__(self, house: House, run_id: int) -> None:
        """Watch through this house."""
        self.house, self.run_id = house, run_id
        self.planned_end = ""

    async def follow(self) -> int:
        """Show progress until the run ends, then what it did; return the exit code."""
        run = await self.house.pipelines.run(self.run_id)
        with Bar(f"{run.pipeline} {run.window}", total=1, unit="steps") as bar:
            while True:
                try:
                    run = await self.house.pipelines.run(self.run_id)
                    bar.to(ended(run), total=max(1, sum(run.steps.values())), note=await self.note(run))
                except DependencyDownError as e:
                    bar.to(bar.done, note=str(e))
                if run.state is not RunState.RUNNING:
                    break
                await asyncio.sleep(EVERY_S)
        return await (self.tell_done() if run.state is RunState.DONE else self.tell_failed())

    async def note(self, run: RunView) -> str:
        """Say why the rest waits (a quota, a service that is away, a failure), else when the plan is to be done."""
        if run.state is not RunState.RUNNING:
            return ""
        for state in (StepState.RUNNING, StepState.READY):
            for step in await self.steps(state):
                if step.error:
                    return step.error
        if not self.planned_end:
            reports = [step.report for step in await self.steps(StepState.DONE) if step.report]
            ends = [str(report.details["done_at"]) for report in reports if "done_at" in report.details]
            self.planned_end = f"planned until {ends[0][:16]} of the market" if ends else ""
        return self.planned_end

    async def tell_done(self) -> int:
        """Print what was stored, and what is left for later."""
        reports = [step.report for step in await self.steps(StepState.DONE) if step.report]
        for report in reports:
            for name, found in report.details.items():
                if isinstance(found, dict):
                    click.echo(f"{name}: {counted(found)}", err=True)
        notes = [note for report in reports for note in report.notes]
        for note in notes[:MOST_NOTES]:
            click.echo(f"left for later: {note}", err=True)
        if len(notes) > MOST_NOTES:
            click.echo(f"... and {len(notes) - MOST_NOTES} more: groat pipelines steps {self.run_id}", err=True)
        return OK

    async def tell_failed(self) -> int:
        """Print the cause, and how to go on."""
        for step in await self.steps(StepState.DEAD):
            click.echo(f"{step.step} {step.part} died: {step.error}", err=True)
        click.echo(f"run {self.run_id} failed; when the cause is gone: groat pipelines retry {self.run_id}", err=True)
        return FAILED

    async def steps(self, state: StepState) -> Sequence[StepView]:
        """Return the first page of the steps that stand so."""
        return await self.house.pipelines.steps(self.run_id, after=None, limit=PAGE, state=state)


def ended(run: RunView) -> int:
    """Count the steps that will not run any more."""
    return run.steps.get(StepState.DONE, 0) + run.steps.get(StepState.DEAD, 0)


def counted(found: dict[str, Any]) -> str:
    """Write counts as words: `2,620 rows, 0 inserted, 2,620 unchanged`."""
    return ", ".join(
        f"{number:,} {what}" if isinstance(number, int) else f"{what} {number}" for what, number in found.items()
    )
