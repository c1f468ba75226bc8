"""The verbs in their groups, and the options that stand before all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app import __version__
from app.cli import (
    backfill,
    completion,
    doctor,
    export,
    instruments,
    migrate,
    operator_token,
    pipelines,
    plan,
    processes,
    providers,
    quarantine,
    settings,
    stack,
)
from app.cli.frame import SETTINGS, Door, Options, run

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = {
    "Run": [
        stack.up,
        stack.down,
        stack.status,
        stack.logs,
        processes.serve,
        processes.work,
        processes.schedule,
        processes.replay,
    ],
    "Data": [
        plan.plan,
        pipelines.pipelines,
        backfill.backfill,
        export.export,
        instruments.instruments,
        quarantine.quarantine,
    ],
    "Care": [
        doctor.doctor,
        providers.providers,
        migrate.migrate,
        settings.settings,
        operator_token.token,
        completion.completion,
    ],
}


@click.group(
    cls=Door,
    sections=SECTIONS,
    context_settings=SETTINGS,
    examples=["groat up", "groat plan", "groat backfill --from 2010-01-04 --until 2010-04-24 --wait"],
)
@click.option("-v", "--verbose", is_flag=True, help="Show the whole trace of an unexpected error.")
@click.version_option(__version__, message="groat %(version)s")
@click.pass_context
def groat(ctx: click.Context, *, verbose: bool) -> None:
    """Run Groat, look after it, and take data out.

    Settings come from the environment, over the file .groat/groat.env: `groat settings` shows them.
    """
    ctx.obj = Options(verbose=verbose)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default the process's); return its exit code."""
    return run(groat, arguments)
