"""Follow a run until it ends, with a progress bar; leaving early leaves the run running."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

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


async def follow(run_id: int) -> int:
    """Show a run's progress until it ends; return the exit code: 0 done, 1 failed, 130 left early."""
    try:
        async with open_house() as house:
            run = await _until_ended(house, run_id)
            dead = await _steps(house, run_id, StepState.DEAD) if run.state is RunState.FAILED else []
    except asyncio.CancelledError:
        click.echo(f"\nrun {run_id} goes on without you: groat pipelines watch {run_id}", err=True)
        return INTERRUPTED
    for step in dead:
        click.echo(f"{step.step} {step.part} died: {step.error}", err=True)
    if run.state is RunState.FAILED:
        click.echo(f"run {run_id} failed; when the cause is gone: groat pipelines retry {run_id}", err=True)
    return OK if run.state is RunState.DONE else FAILED


async def _until_ended(house: House, run_id: int) -> RunView:
    run = await house.pipelines.run(run_id)
    with Bar(f"{run.pipeline} {run.window}", total=1, unit="steps") as bar:
        while True:
            await _show(house, run, bar)
            if run.state is not RunState.RUNNING:
                return run
            await asyncio.sleep(EVERY_S)
            try:
                run = await house.pipelines.run(run_id)
            except DependencyDownError as e:
                bar.to(bar.done, note=str(e))


async def _show(house: House, run: RunView, bar: Bar) -> None:
    done = sum(number for state, number in run.steps.items() if state in {StepState.DONE, StepState.DEAD})
    waiting = await _steps(house, run.id, StepState.READY, StepState.RUNNING) if run.state is RunState.RUNNING else []
    reasons = list(dict.fromkeys(step.error for step in waiting if step.error))
    bar.to(done, total=max(1, sum(run.steps.values())), note=reasons[0] if reasons else "")


async def _steps(house: House, run_id: int, *states: StepState) -> Sequence[StepView]:
    page = await house.pipelines.steps(run_id, after=None, limit=PAGE)
    return [step for step in page if step.state in states]
