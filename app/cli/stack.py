"""The local stack: `groat up`, `down`, `status`, `logs`. They hand over to `ops/local`."""

from __future__ import annotations

import click

from app.cli.checkout import become_ops
from app.cli.frame import as_json, verb


@verb(
    examples=["groat up", "PORT_API=8001 groat up"],
    reads=["DATABASE_URL", "REDIS_URL", "POLYGON_API_KEY", "PORT_<NAME>"],
)
def up() -> None:
    """Start the whole stack here, until Ctrl-C.

    Without a DATABASE_URL or a REDIS_URL of your own it brings PostgreSQL and Valkey along; without a
    POLYGON_API_KEY of your own it plays the replay market.
    """
    become_ops("up")


@verb(examples=["groat down", "groat down --clean"])
@click.option("--clean", is_flag=True, help="Remove data, logs and traces too; the settings file stays.")
@click.option("--yes", is_flag=True, help="Do not ask before --clean.")
def down(*, clean: bool, yes: bool) -> None:
    """Stop the stack."""
    become_ops("down", *(["--clean"] if clean else []), *(["--yes"] if yes else []))


@verb(examples=["groat status", "groat status --json"])
@as_json
def status(*, as_json: bool) -> None:
    """Show which processes of the stack run."""
    become_ops("status", *(["--json"] if as_json else []))


@verb(examples=["groat logs", "groat logs worker --follow"])
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=100, show_default=True, help="How many lines.")
def logs(service: str | None, *, follow: bool, lines: int) -> None:
    """Show the end of one SERVICE's log, or of all."""
    become_ops("logs", *([service] if service else []), *(["--follow"] if follow else []), "--lines", str(lines))
