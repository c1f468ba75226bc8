"""`groat token`: mint the operator's bearer token."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import click

from app.cli.frame import as_json, verb
from app.cli.output import print_json


@verb(
    name="token",
    examples=["groat token", 'curl -H "Authorization: Bearer $(groat token)" ...', "groat token --hours 0.25"],
    reads=["SECRET_KEY"],
)
@click.option("--hours", type=float, default=1.0, show_default=True, help="How long it lasts; a day at most.")
@as_json
def token(*, hours: float, as_json: bool) -> None:
    """Mint a bearer token for the API.

    Whoever holds it may do what the operator may. Only the token goes to stdout.
    Nothing revokes it before its end but a new SECRET_KEY.
    """
    from app import settings as doors  # noqa: PLC0415  heavy
    from app.services import operator_tokens  # noqa: PLC0415  heavy

    now = datetime.now(UTC)
    try:
        life = timedelta(hours=hours)
    except (ValueError, OverflowError):
        message = f"--hours was {hours}: a token lasts up to 24 of them."
        raise click.UsageError(message) from None
    minted = operator_tokens.mint(doors.signing_key(doors.load()), life=life, now=now)
    if as_json:
        print_json({"token": minted, "expires_at": (now + life).replace(microsecond=0)})
        return
    click.echo(minted)
    if sys.stdout.isatty():
        click.echo(f"good until {now + life:%Y-%m-%d %H:%M} UTC", err=True)
