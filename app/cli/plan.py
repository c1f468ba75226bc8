"""`groat plan`: which calls come next and why, and which gaps wait and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.frame import as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import moment, print_json, print_table, span

if TYPE_CHECKING:
    from app.domain.fetch_plan import FetchPlan

SHOWN = 20


@verb(examples=["groat plan", "groat plan --all", "groat plan --json"], reads=["DATABASE_URL", "POLYGON_API_KEY"])
@click.option("--all", "everything", is_flag=True, help=f"Every call and every gap, not only the first {SHOWN}.")
@as_json
def plan(*, everything: bool, as_json: bool) -> None:
    """Show the calls to come, and what waits.

    Each call has its reason and when a slot of the provider's quota is free for it; each gap that is left for
    later has its reason too. Times are the market's. Nothing is asked of a provider.
    """
    made = wait_for(ask())
    if as_json:
        print_json(made)
    else:
        show(made, most=None if everything else SHOWN)


async def ask() -> FetchPlan:
    """Make the plan as the workers would make it now."""
    async with open_house() as house:
        return await house.plan_fetches()


def show(made: FetchPlan, *, most: int | None) -> None:
    """Print a plan for people."""
    click.echo(summary(made))
    if made.calls:
        click.echo()
        rows = [(moment(call.eta), call.provider, call.dataset, call.subject, call.reason) for call in made.calls]
        print_table(["AT", "PROVIDER", "DATASET", "SUBJECT", "WHY"], rows[:most])
        more(len(rows), most)
    if made.deferred:
        click.echo()
        gaps = [(gap.dataset, gap.subject, gap.reason, moment(gap.until)) for gap in made.deferred]
        print_table(["WAITS", "SUBJECT", "WHY", "UNTIL"], gaps[:most])
        more(len(gaps), most)


def summary(made: FetchPlan) -> str:
    """Say in a line how much there is to do, and when it is done."""
    calls = "1 call" if len(made.calls) == 1 else f"{len(made.calls)} calls"
    gaps = "1 gap waits" if len(made.deferred) == 1 else f"{len(made.deferred)} gaps wait"
    head = f"{moment(made.made_at)}: {calls} to come, {gaps}"
    if made.done_at is None:
        return head
    takes = span((made.done_at - made.made_at).total_seconds())
    return f"{head}; done at {moment(made.done_at)}, in {takes} of market time"


def more(count: int, most: int | None) -> None:
    """Say how much was left out."""
    if most is not None and count > most:
        click.echo(f"... and {count - most} more (--all shows them)")
