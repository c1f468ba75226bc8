"""`groat providers`: the operator's word to the quota ledger."""

from __future__ import annotations

import click

from app.cli.frame import Group, as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import print_json

RESTORED = "the operator said that calls may be missing from the log"


@click.group(cls=Group, examples=["groat providers loosen finnhub", "groat providers block"], reads=["DATABASE_URL"])
def providers() -> None:
    """Overrule what the quota ledger has learnt, or make it wait."""


@verb(examples=["groat providers loosen finnhub"])
@click.argument("name", metavar="PROVIDER")
@as_json
def loosen(name: str, *, as_json: bool) -> None:
    """Forget the lower limits that a PROVIDER told, and its blocks.

    What its replies say may only make the ledger stricter; this takes it back to the declared plan. Calls
    that were counted keep resting.
    """
    keys = wait_for(_loosen(name))
    if as_json:
        print_json({"provider": name, "keys": keys})
    else:
        click.echo(f"{name}: the declared limits hold again for {keys} {'key' if keys == 1 else 'keys'}")


@verb(examples=["groat providers block"])
@as_json
def block(*, as_json: bool) -> None:
    """Let every key rest for its longest window.

    For a database that may have lost the latest calls: one restored from a backup, or a standby that took
    over. Nothing is asked of any provider until each lost call would have rested.
    """
    keys = wait_for(_block())
    if as_json:
        print_json({"keys": keys})
    else:
        click.echo(f"{keys} {'key rests' if keys == 1 else 'keys rest'} for the longest window of each")


async def _loosen(name: str) -> int:
    from app.domain.errors import InvalidRequestError  # noqa: PLC0415  only here

    async with open_house() as house:
        keys = await house.ledger.loosen(name)
    if not keys:
        message = f"No key of {name!r} has been used with this database: `groat plan` names the providers."
        raise InvalidRequestError(message)
    return keys


async def _block() -> int:
    async with open_house() as house:
        return await house.ledger.block_all(RESTORED)


for each in (loosen, block):
    providers.add_command(each)
