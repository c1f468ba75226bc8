"""`groat doctor`: is everything that Groat needs there? The machine's part is asked of `ops/local`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click

from app.cli.checkout import ROOT, has_ops
from app.cli.frame import FAILED, OK, as_json, verb
from app.cli.output import print_json

if TYPE_CHECKING:
    from app.cli.checks import Finding

MARKS = {"ok": "green", "warn": "yellow", "fail": "red"}
MACHINE_S = 60


@verb(examples=["groat doctor", "groat doctor --json"], reads=["DATABASE_URL", "REDIS_URL", "GROAT_CACHE_URL"])
@as_json
def doctor(*, as_json: bool) -> int:
    """Check that everything Groat needs is there.

    Looks at the machine, the settings, the database, both Valkeys, the clock and the providers.
    Ends with 1 when something fails; what only might become a trouble is a warning.
    """
    from app.cli import checks  # noqa: PLC0415  heavy

    found = [*_machine(), *checks.all_findings()]
    if as_json:
        print_json(found)
    else:
        for finding in found:
            click.echo(
                f"{click.style(f'{finding.verdict:<4}', fg=MARKS[finding.verdict])}  {finding.name:<22} {finding.found}"
            )
            if finding.advice and finding.verdict != "ok":
                click.echo(f"      {'':<22} -> {finding.advice}")
    return FAILED if any(finding.verdict == "fail" for finding in found) else OK


def _machine() -> list[Finding]:
    """Ask the local stack's own doctor; it knows of disks, ports and processes."""
    import msgspec  # noqa: PLC0415  heavy

    from app.cli.checks import Finding  # noqa: PLC0415  heavy

    if not has_ops():
        return []
    words = [sys.executable, "-m", "ops.local", "doctor", "--json"]
    try:
        answer = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=MACHINE_S)  # noqa: S603  our own module
        return msgspec.json.decode(answer.stdout, type=list[Finding])
    except (subprocess.TimeoutExpired, msgspec.DecodeError) as e:
        advice = "python -m ops.local doctor shows what it says"
        return [Finding(name="machine", verdict="fail", found=f"its doctor gave no answer ({e})", advice=advice)]
