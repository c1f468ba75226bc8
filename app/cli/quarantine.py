"""`groat quarantine`: rows that were held back, and what is decided on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.frame import Group, as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import moment, print_json, print_table

if TYPE_CHECKING:
    from app.ports.quality import HeldView
    from app.services.review_quarantine import Verdict

MOST = 500
STATES = ("held", "released", "rejected", "all")
# Whoever may use the command line of the host needs no token.
WHO = "command line"
why = click.option("--reason", required=True, help="Why; it is kept with the row.")


@click.group(cls=Group, examples=["groat quarantine list", "groat quarantine show 7"], reads=["DATABASE_URL"])
def quarantine() -> None:
    """Show rows that were held back as suspect, and decide on them."""


@verb(name="list", examples=["groat quarantine list", "groat quarantine list --rule volume_overflow --limit 5"])
@click.option("--dataset", help="Only rows of this dataset.")
@click.option("--rule", help="Only rows that broke this rule.")
@click.option("--symbol", help="Only rows of this symbol.")
@click.option("--state", type=click.Choice(STATES), default="held", show_default=True, help="How the rows stand.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many.")
@as_json
def list_(  # noqa: PLR0913  one argument an option
    *, dataset: str | None, rule: str | None, symbol: str | None, state: str, limit: int, as_json: bool
) -> None:
    """Show held rows, the latest first."""

    async def ask() -> Any:  # noqa: ANN401  views of the port
        from app.ports.quality import HeldQuery  # noqa: PLC0415  heavy

        only = None if state == "all" else state
        query = HeldQuery(dataset=dataset, rule=rule, symbol=symbol, state=only, limit=limit)
        async with open_house() as house:
            return await house.quarantine.page(query)

    found = wait_for(ask())
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no such row is in quarantine")
        return
    headings = ["ROW", "DATASET", "SYMBOL", "SESSION", "RULE", "STATE", "PROVIDER", "SINCE (MARKET TIME)"]
    rows = [(r.id, r.dataset, r.symbol, r.session, r.rule, r.state, r.provider, moment(r.known_at)) for r in found]
    print_table(headings, rows, right=["ROW"])


@verb(examples=["groat quarantine show 7"])
@click.argument("row_id", type=int, metavar="ROW")
@as_json
def show(row_id: int, *, as_json: bool) -> None:
    """Show a ROW as it was received, with the evidence against it."""

    async def ask() -> HeldView:
        async with open_house() as house:
            return await house.quarantine.get(row_id)

    tell(wait_for(ask()), as_json=as_json)


@verb(examples=["groat quarantine release 7 --reason 'the exchange shows the same volume'"])
@click.argument("row_id", type=int, metavar="ROW")
@why
@as_json
def release(row_id: int, *, reason: str, as_json: bool) -> None:
    """Store a ROW as it is, as known from now on.

    It is stored under the fetch that brought it. A row that the table cannot hold stays in quarantine.
    """
    tell(wait_for(decide(row_id, "release", reason)), as_json=as_json)


@verb(examples=["groat quarantine reject 7 --reason 'a broken counter'"])
@click.argument("row_id", type=int, metavar="ROW")
@why
@as_json
def reject(row_id: int, *, reason: str, as_json: bool) -> None:
    """Close the case of a ROW without storing it.

    The same row is not held again when it comes again.
    """
    tell(wait_for(decide(row_id, "reject", reason)), as_json=as_json)


async def decide(row_id: int, verdict: Verdict, reason: str) -> HeldView:
    """Carry out a verdict."""
    from app.services.review_quarantine import review_quarantine  # noqa: PLC0415  heavy

    async with open_house() as house:
        return await review_quarantine(house.quarantine, house.clock, row_id, verdict, reason=reason, decided_by=WHO)


def tell(held: HeldView, *, as_json: bool) -> None:
    """Print a row."""
    if as_json:
        print_json(held)
        return
    import json  # noqa: PLC0415  only here

    click.echo(f"row {held.id} is {held.state}: {held.symbol} {held.session or ''}, {held.dataset} of {held.provider}")
    for rule, evidence in held.evidence.items():
        click.echo(f"  {rule}: {evidence}")
    click.echo(f"  as received: {json.dumps(held.row)}")
    if held.decided_at:
        click.echo(f"  {held.state} {moment(held.decided_at)} by {held.decided_by}: {held.reason}")


for each in (list_, show, release, reject):
    quarantine.add_command(each)
