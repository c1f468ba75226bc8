"""Write the page of results from reports: `python -m bench.table figures.json ... > docs/reference/performance.md`.

Reports are what `python -m bench ... --json` prints; of several reports of one benchmark the last one counts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.findings import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The machine is not named more closely than a reader needs.
_PAGE: Final = """# Performance

Measured by `python -m bench` ({{doc}}`../how-to/benchmark`): contenders take turns in one run, a ratio is taken within
each round, and the median stands here with the lowest and the highest round. Peers are what Groat replaces: FastAPI +
SQLAlchemy + Uvicorn, Celery, procrastinate. The goals are the project's own. Latencies and start-up times are as good
as the machine was calm: its load stands beside them. This page is written by `python -m bench.table`.

{tables}"""
_CASE: Final = """## {name}

`python -m bench {name}`, {date}, {machine}

| figure | median | lowest..highest | goal | |
| --- | --- | --- | --- | --- |
{rows}
"""


def main(paths: Sequence[str]) -> str:
    """Return the page."""
    cases: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in paths:
        report = json.loads(Path(path).read_text())
        for name, case in report["cases"].items():
            cases[name] = (report["at"][:10], case)
    tables = [_table(name, date, case) for name, (date, case) in sorted(cases.items())]
    return _PAGE.format(tables="\n".join(tables))


def _table(name: str, date: str, case: dict[str, Any]) -> str:
    return _CASE.format(name=name, date=date, machine=case["machine"], rows="\n".join(_rows(case["findings"])))


def _rows(findings: Sequence[dict[str, Any]]) -> Iterator[str]:
    for found in findings:
        unit, samples = found["unit"], found["samples"]
        spread = f"{figure(min(samples))}..{figure(max(samples))}" if len(samples) > 1 else ""
        goal = found["goal"]
        wanted = f"{goal['kind']} {figure(goal['bound'])} {unit}" if goal else ""
        verdict = ("met" if goal["met"] else "**missed**") if goal else ""
        yield f"| {found['name'].strip()} | {figure(found['median'])} {unit} | {spread} | {wanted} | {verdict} |"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
