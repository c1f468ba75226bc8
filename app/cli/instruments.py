"""`groat instruments show`: who has, or had, a symbol, and what is known of it over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.frame import Group, as_json
from app.cli.house import open_house, wait_for
from app.cli.output import moment, print_json, print_table

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.ports.instrument_reads import InstrumentStory
    from app.services.read_instruments import FoundInstrument

NEVER = "?"


@click.group(cls=Group, examples=["groat instruments show FB", "groat instruments show META --on 2021-07-01 --json"])
def instruments() -> None:
    """Show instruments over time: symbols, names, listings, indices."""


@instruments.command(
    examples=["groat instruments show FB", "groat instruments show META --on 2021-07-01 --json"], reads=["DATABASE_URL"]
)
@click.argument("symbol")
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it had the symbol; else now, or last."
)
@as_json
def show(*, symbol: str, day: datetime | None, as_json: bool) -> None:
    """Show the instrument that has a symbol, or had it.

    A symbol may have been another company's before: `--on` says which day is meant. Dates of symbols go from the
    first to before the second; a question mark is a day that nothing tells.
    """
    found, story = wait_for(ask(symbol, day.date() if day else None))
    if as_json:
        print_json({"instrument": found, "story": story})
    else:
        tell(found, story, symbol)


async def ask(symbol: str, on: date | None) -> tuple[FoundInstrument, InstrumentStory]:
    """Read the instrument and its story."""
    from app.services.read_instruments import InstrumentRequest, read_story  # noqa: PLC0415  heavy

    async with open_house() as house:
        return await read_story(house.past_instruments, InstrumentRequest(symbol=symbol, on=on))


def tell(found: FoundInstrument, story: InstrumentStory, symbol: str) -> None:
    """Print an instrument for people."""
    click.echo(headline(found, symbol))
    symbols = [(each.symbol, each.valid_from or NEVER, each.valid_to or open_end(found), each.provider)
               for each in story.symbols]  # fmt: skip
    click.echo()
    print_table(["SYMBOL", "FROM", "TO BEFORE", "SOURCE"], symbols)
    names = [
        (each.name or "", each.mic or "", moment(each.known_at), moment(each.superseded_at)) for each in story.facts
    ]
    click.echo()
    print_table(["NAME", "MARKET", "KNOWN FROM", "UNTIL"], names)
    if story.memberships:
        click.echo()
        rows = [(each.index, each.symbol, each.joined_on, each.left_on or "") for each in story.memberships]
        print_table(["INDEX", "AS", "JOINED", "LEFT"], rows)


def headline(found: FoundInstrument, symbol: str) -> str:
    """Say in a line what it is, and how it was found."""
    state = "traded" if found.active else f"gone since {found.delisted_on or 'an unknown day'}"
    matched = "" if found.symbol == symbol else f", found as {symbol}"
    return f"{found.symbol}: {found.name or 'no name known'} (instrument {found.id}, {state}){matched}"


def open_end(found: FoundInstrument) -> str:
    """Return what stands for an end that is not there: not yet, or not known."""
    return "" if found.active else NEVER
