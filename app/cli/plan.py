"""`groat plan`: which calls come next and why, which gaps wait and why, and what more instruments would mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.frame import as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import moment, print_json, print_table, span
from app.domain.errors import InvalidRequestError

if TYPE_CHECKING:
    from app.domain.fetch_plan import FetchPlan
    from app.services.simulate_plan import Forecast

SHOWN = 20
TIERS = ("watchlist", "index", "other")
DAYS = 7.0


@verb(
    examples=["groat plan", "groat plan --all", "groat plan --simulate --add-symbols 300 --tier index"],
    reads=["DATABASE_URL", "GROAT_PLAN__WATCHLIST"],
)
@click.option("--all", "everything", is_flag=True, help=f"Every call and every gap, not only the first {SHOWN}.")
@click.option("--simulate", is_flag=True, help="Run the planner on virtual time instead, and say what came of it.")
@click.option("--add-symbols", type=click.IntRange(0, 100_000), default=0, help="With so many more instruments,")
@click.option("--tier", type=click.Choice(TIERS), default="other", show_default=True, help="followed as closely,")
@click.option("--days", type=click.FloatRange(0.01, 90), default=DAYS, show_default=True, help="for so many days.")
@click.option(
    "--failures",
    type=click.FloatRange(0, 0.95),
    default=0.0,
    show_default=True,
    help="This share of calls brings nothing.",
)
@as_json
def plan(  # noqa: PLR0913  each is an option
    *, everything: bool, simulate: bool, add_symbols: int, tier: str, days: float, failures: float, as_json: bool
) -> None:
    """Show the calls to come, and what waits.

    Each call has its reason and when a slot of the provider's quota is free for it; each gap that is left for
    later has its reason too. Times are the market's. Nothing is asked of a provider.
    """
    if simulate:
        found = wait_for(ask_simulation(add_symbols, tier, days, failures))
        if as_json:
            print_json(found)
        else:
            show_simulation(found)
        return
    if add_symbols or failures or days != DAYS:
        message = "--add-symbols, --days and --failures belong to a simulation: add --simulate."
        raise InvalidRequestError(message)
    made = wait_for(ask())
    if as_json:
        print_json(made)
    else:
        show(made, most=None if everything else SHOWN)


async def ask() -> FetchPlan:
    """Make the plan as the workers would make it now."""
    async with open_house() as house:
        return await house.plan_fetches()


async def ask_simulation(add_symbols: int, tier: str, days: float, failures: float) -> Forecast:
    """Simulate the planner from now on."""
    from app.domain.plan_scenario import Scenario  # noqa: PLC0415  heavy
    from app.domain.plan_wants import Tier  # noqa: PLC0415  heavy

    async with open_house() as house:
        scenario = Scenario(days=days, add_symbols=add_symbols, tier=Tier[tier.upper()], failures=failures)
        return await house.simulate_plan(scenario)


def show(made: FetchPlan, *, most: int | None) -> None:
    """Print a plan for people."""
    click.echo(summary(made))
    for load in made.loads:
        click.echo(f"  {load.text}")
    if made.calls:
        click.echo()
        rows = [
            (moment(call.eta), call.provider, call.dataset, short(call.subject), call.reason) for call in made.calls
        ]
        print_table(["AT", "PROVIDER", "DATASET", "SUBJECT", "WHY"], rows[:most])
        more(len(rows), most)
    if made.deferred:
        click.echo()
        gaps = [(gap.dataset, gap.subject, gap.reason, moment(gap.until)) for gap in made.deferred]
        print_table(["WAITS", "SUBJECT", "WHY", "UNTIL"], gaps[:most])
        more(len(gaps), most)


def show_simulation(found: Forecast) -> None:
    """Print what a simulation tells for people."""
    simulated = found.simulated
    click.echo(found.text)
    if simulated.backfilled_at is not None:
        click.echo(f"  every session is there at {moment(simulated.backfilled_at)}")
    rows = [(each.dataset, moment(each.at), f"{each.left:,}" if each.left else "") for each in simulated.filled]
    if rows:
        click.echo()
        print_table(["DATASET", "FIRST ANSWERS BY", "LACKING"], rows, right=["LACKING"])
    click.echo()
    calls = [(name, f"{count:,}") for name, count in simulated.calls.items()]
    print_table(["PROVIDER", "CALLS"], calls, right=["CALLS"])


def summary(made: FetchPlan) -> str:
    """Say in a line how much there is to do, and when it is done."""
    calls = "1 call" if len(made.calls) == 1 else f"{len(made.calls)} calls"
    count = sum(gap.count for gap in made.deferred)
    gaps = "1 gap waits" if count == 1 else f"{count:,} gaps wait"
    head = f"{moment(made.made_at)}: {calls} to come, {gaps}"
    if made.done_at is None:
        return head
    takes = span((made.done_at - made.made_at).total_seconds())
    return f"{head}; done at {moment(made.done_at)}, in {takes} of market time"


def short(subject: str) -> str:
    """Name a call's subject in few words: of many symbols the first."""
    first, *others = subject.split(",")
    return f"{first} and {len(others)} more" if others else first


def more(count: int, most: int | None) -> None:
    """Say how much was left out."""
    if most is not None and count > most:
        click.echo(f"... and {count - most} more (--all shows them)")
