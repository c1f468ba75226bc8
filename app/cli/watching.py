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
    from app.bootstrap import House
    from app.ports.pipelines import RunView

EVERY_S = 1.0
PAGE = 200


async def follow(run_id: int) -> int:
    """Show a run's progress until it ends; return the exit code: 0 done, 1 failed, 130 left early."""
    try:
        async with open_house() as house:
            run = await _until_ended(house, run_id)
            failed = run.state is RunState.FAILED
            dead = await house.pipelines.steps(run_id, after=None, limit=PAGE, state=StepState.DEAD) if failed else []
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
    """Count what has ended, and tell why the rest waits: a quota, a dependency that is away, a failure."""
    ended = run.steps.get(StepState.DONE, 0) + run.steps.get(StepState.DEAD, 0)
    reasons: list[str] = []
    for state in (StepState.RUNNING, StepState.READY) if run.state is RunState.RUNNING else ():
        reasons += [
            step.error
            for step in await house.pipelines.steps(run.id, after=None, limit=PAGE, state=state)
            if step.error
        ]
    bar.to(ended, total=max(1, sum(run.steps.values())), note=reasons[0] if reasons else "")
