"""`groat settings`: what is set, where it came from, and what it means. Secrets stay covered."""

from __future__ import annotations

import click

from app.cli.frame import as_json, verb
from app.cli.output import print_json, print_table


@verb(
    name="settings",
    examples=["groat settings", "groat settings --changed", "groat settings --json"],
    reads=["GROAT_ENV_FILE"],
)
@click.option("--changed", is_flag=True, help="Only those that are not at their default.")
@as_json
def settings(*, changed: bool, as_json: bool) -> None:
    """Show every setting, and where it came from.

    Secrets are shown as (set) or (not set). Each secret may come from a file: set its name with _FILE behind it.
    """
    from app import settings as doors  # noqa: PLC0415  heavy

    found = [row for row in doors.rows(doors.read()) if not changed or row.source != "default"]
    if as_json:
        print_json(found)
    else:
        print_table(
            ["NAME", "VALUE", "FROM", "MEANING"], [(row.name, row.value, row.source, row.meaning) for row in found]
        )
