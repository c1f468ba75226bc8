"""See which statements a process of Groat sends, and let pgbench run the very same: the database's limit."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bench.web import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.lab import Lab

CLIENTS: Final = 8
_ENTRY: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \w+ \[\d+\] (\w+): +", re.MULTILINE)
_PARAMETER: Final = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")


@dataclass(frozen=True)
class Statement:
    """A statement as it went over the wire, `$1` and on for its parameters."""

    sql: str
    parameters: dict[int, str | None]

    def rate(self, lab: Lab, database: str, seconds: float) -> float:
        """Run it by pgbench, with prepared plans, as often as PostgreSQL can; return executions/s."""
        script = lab.folder / "pgbench.sql"
        given = {number: value for number, value in self.parameters.items() if value is not None}
        text = re.sub(r"\$(\d+)", lambda found: f":p{found[1]}" if int(found[1]) in given else "NULL", self.sql)
        script.write_text(text.rstrip().rstrip(";") + ";\n")
        variables = [word for number, value in given.items() for word in ("-D", f"p{number}={value}")]
        length = str(max(1, round(seconds)))
        words = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", length, "-f", str(script), *variables]
        command = [str(lab.binaries.pgbench), *words, lab.postgres.url(database)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not found:
            message = f"pgbench failed: {done.stderr.strip() or done.stdout.strip()}"
            raise ServerError(message)
        return float(found[1])


def statements_of(lab: Lab, database: str, act: Callable[[], object]) -> list[Statement]:
    """Return the statements with parameters that new connections to a database send while something is done."""
    log = lab.postgres.data_dir.with_name(f"{lab.postgres.data_dir.name}.log")
    seen = log.stat().st_size
    lab.postgres.psql(f"alter database \"{database}\" set log_statement = 'all'")
    try:
        act()
    finally:
        lab.postgres.psql(f'alter database "{database}" reset log_statement')
    return list(_read(log.read_bytes()[seen:].decode(errors="replace")))


def _read(text: str) -> list[Statement]:
    pieces = _ENTRY.split(text)[1:]
    entries = [(kind, body.strip()) for kind, body in zip(pieces[::2], pieces[1::2], strict=True)]
    found = []
    for (kind, body), (_, detail) in pairwise(entries):
        sql = re.match(r"execute [^:]+: (.+)", body, re.DOTALL)
        if kind == "LOG" and sql and detail.lower().startswith("parameters: "):
            parameters = {
                int(number): None if value == "NULL" else value[1:-1].replace("''", "'")
                for number, value in _PARAMETER.findall(detail)
            }
            found.append(Statement(sql[1].replace("\n\t", "\n"), parameters))
    return found
