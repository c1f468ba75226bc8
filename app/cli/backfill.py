"""`groat backfill`: fill a span of trading dates now, and watch it happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.frame import OK, as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import print_json

if TYPE_CHECKING:
    from datetime import date, datetime

PIPELINE = "daily_bars"
DAY = click.DateTime(["%Y-%m-%d"])


@verb(
    examples=[
        "groat backfill --from 2010-01-04 --until 2010-04-24 --wait",
        "groat backfill --from 2010-05-06 --until 2010-05-07 --force",
    ],
    reads=["DATABASE_URL"],
)
@click.option("--from", "from_", type=DAY, required=True, metavar="DATE", help="First trading date.")
@click.option("--until", type=DAY, required=True, metavar="DATE", help="Before which date to stop.")
@click.option("--pipeline", default=PIPELINE, show_default=True, help="Which pipeline does it.")
@click.option("--force", is_flag=True, help="Ask again for what was answered before.")
@click.option("--wait", is_flag=True, help="Show its progress, and end when it ends.")
@as_json
def backfill(  # noqa: PLR0913  each is an option
    *, from_: datetime, until: datetime, pipeline: str, force: bool, wait: bool, as_json: bool
) -> int:
    """Fill a span of trading dates.

    It runs in the workers, inside the providers' quotas, and only asks for what is missing. With --wait,
    Ctrl-C stops the watching, not the work.
    """
    number, is_new = wait_for(start(pipeline, from_.date(), until.date(), force=force))
    if as_json:
        print_json({"run": number, "new": is_new})
    else:
        how = "started" if is_new else "was started before (--force asks again)"
        click.echo(f"run {number} {how}" + ("" if wait else f": groat pipelines watch {number}"))
    if not wait:
        return OK
    from app.cli.watching import follow  # noqa: PLC0415  only here

    return wait_for(follow(number))


async def start(pipeline: str, from_: date, until: date, *, force: bool) -> tuple[int, bool]:
    """Start the run of a span; return its number and whether it is new."""
    from app.services.start_backfill import start_backfill  # noqa: PLC0415  heavy

    async with open_house() as house:
        return await start_backfill(
            house.pipelines, house.clock, pipeline=pipeline, from_=from_, until=until, force=force
        )
