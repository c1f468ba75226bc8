"""`groat pipelines`: what is declared, what ran, what waits, and the levers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.frame import Group, as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import moment, print_json, print_table, span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports.pipelines import RunView, StepView

PAGE = 200


@click.group(cls=Group, examples=["groat pipelines list", "groat pipelines watch 17"], reads=["DATABASE_URL"])
def pipelines() -> None:
    """Show and steer the pipelines and their runs."""


@verb(name="list", examples=["groat pipelines list"])
@as_json
def list_(*, as_json: bool) -> None:
    """Show every declared pipeline, and how it stands."""

    async def ask() -> Any:  # noqa: ANN401  views of the port
        async with open_house() as house:
            return await house.pipelines.list()

    found = wait_for(ask())
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no pipeline is declared here yet: a worker declares them when it starts (groat work)")
        return
    rows = [
        (
            one.spec.name,
            "paused" if one.paused else one.last_run.state if one.last_run else "never ran",
            f"{one.spec.cron} {one.spec.tz}",
            moment(one.next_due),
            one.spec.summary,
        )
        for one in found
    ]
    print_table(["PIPELINE", "STATE", "CRON", "NEXT (MARKET TIME)", "WHAT IT DOES"], rows)


@verb(examples=["groat pipelines runs", "groat pipelines runs daily_bars --limit 5"])
@click.argument("pipeline", required=False)
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True, help="How many.")
@as_json
def runs(pipeline: str | None, *, limit: int, as_json: bool) -> None:
    """Show the latest runs, of one PIPELINE or of all."""

    async def ask() -> Any:  # noqa: ANN401  views of the port
        async with open_house() as house:
            return await house.pipelines.runs(pipeline, before_id=None, limit=limit)

    found = wait_for(ask())
    if as_json:
        print_json(found)
        return
    headings = ["RUN", "PIPELINE", "WINDOW", "STATE", "STARTED", "ENDED", "STEPS"]
    rows = [
        (run.id, run.pipeline, run.window, run.state, moment(run.created_at), moment(run.ended_at), counts(run))
        for run in found
    ]
    print_table(headings, rows, right=["RUN"])


@verb(examples=["groat pipelines steps 17"])
@click.argument("run_id", type=int, metavar="RUN")
@as_json
def steps(run_id: int, *, as_json: bool) -> None:
    """Show the steps of a RUN, and why one waits or failed."""
    found = wait_for(all_steps(run_id))
    if as_json:
        print_json(found)
        return
    rows = [(one.step, one.part, one.state, one.attempt, took(one), one.error or done(one)) for one in found]
    print_table(["STEP", "PART", "STATE", "TRIES", "TOOK", "REPORT"], rows, right=["TRIES"])


@verb(
    examples=["groat pipelines start daily_bars", "groat pipelines start daily_bars --window again-1 --arg force=true"]
)
@click.argument("pipeline")
@click.option(
    "--window", help="What the run is about; there is one run for each. By default the present, to the second."
)
@click.option(
    "--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument of the run; VALUE is JSON, or text."
)
@as_json
def start(pipeline: str, *, window: str | None, pairs: tuple[str, ...], as_json: bool) -> None:
    """Start a run of a PIPELINE, once for each window."""
    args = arguments(pairs)

    async def ask() -> tuple[int, bool]:
        from app.services.start_pipeline import start_pipeline  # noqa: PLC0415  heavy

        async with open_house() as house:
            at = window or f"by-hand:{house.clock.now():%Y-%m-%dT%H:%M:%SZ}"
            return await start_pipeline(house.pipelines, pipeline=pipeline, window=at, args=args)

    number, is_new = wait_for(ask())
    if as_json:
        print_json({"run": number, "new": is_new})
    else:
        click.echo(f"run {number} {'started' if is_new else 'was there before'}: groat pipelines watch {number}")


@verb(examples=["groat pipelines retry 17"])
@click.argument("run_id", type=int, metavar="RUN")
def retry(run_id: int) -> None:
    """Make the dead steps of a RUN ready again."""

    async def ask() -> int:
        async with open_house() as house:
            return await house.pipelines.retry(run_id)

    click.echo(f"{wait_for(ask())} steps of run {run_id} are ready again")


@verb(examples=["groat pipelines pause daily_bars"])
@click.argument("pipeline")
def pause(pipeline: str) -> None:
    """Stop the cron of a PIPELINE; runs that exist go on."""

    async def ask() -> None:
        async with open_house() as house:
            await house.pipelines.pause(pipeline)

    wait_for(ask())
    click.echo(f"{pipeline} is paused: groat pipelines resume {pipeline}")


@verb(examples=["groat pipelines resume daily_bars"])
@click.argument("pipeline")
def resume(pipeline: str) -> None:
    """Let the cron of a PIPELINE go on.

    What it missed is caught up as the pipeline declares.
    """

    async def ask() -> None:
        async with open_house() as house:
            await house.pipelines.resume(pipeline)

    wait_for(ask())
    click.echo(f"{pipeline} goes on")


@verb(examples=["groat pipelines watch 17"])
@click.argument("run_id", type=int, metavar="RUN")
def watch(run_id: int) -> int:
    """Follow a RUN until it ends.

    Ctrl-C stops the watching, not the run.
    """
    from app.cli.watching import follow  # noqa: PLC0415  only here

    return wait_for(follow(run_id))


async def all_steps(run_id: int) -> list[StepView]:
    """Read every step of a run, page by page."""
    found: list[StepView] = []
    async with open_house() as house:
        await house.pipelines.run(run_id)
        while page := await house.pipelines.steps(
            run_id, after=(found[-1].step, found[-1].part) if found else None, limit=PAGE
        ):
            found += page
    return found


def arguments(pairs: tuple[str, ...]) -> Mapping[str, object]:
    """Read NAME=VALUE words; a value that is no JSON is text."""
    import json  # noqa: PLC0415  only here

    found: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            message = f"--arg was {pair!r}: write NAME=VALUE."
            raise click.UsageError(message)
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def counts(run: RunView) -> str:
    """Write how many steps are in which state."""
    return ", ".join(f"{number} {state}" for state, number in sorted(run.steps.items()) if number)


def took(step: StepView) -> str:
    """Write how long a step took, when it has ended."""
    return span((step.ended_at - step.started_at).total_seconds()) if step.started_at and step.ended_at else ""


def done(step: StepView) -> str:
    """Write what a step reported."""
    if not step.report:
        return ""
    skipped = [f"{number} skipped ({why})" for why, number in step.report.skipped.items()]
    left = [f"{step.report.left} left"] if step.report.left else []
    return ", ".join([f"{step.report.done} done", *skipped, *left, *step.report.notes])


for each in (list_, runs, steps, start, watch, retry, pause, resume):
    pipelines.add_command(each)
