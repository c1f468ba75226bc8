"""Run benchmarks: `python -m bench p1`, several names, or `all`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bench import machine
from bench.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.findings import Finding

CASES: Final = {
    "p1": ("live_reads", "live read of 250 bars, cache off"),
    "p2": ("hot_reads", "the same, answered from the cache"),
    "p3": ("quotes", "latest bars of 50 symbols, live and hot"),
    "p4": ("ingest", "bars into the table, every check on"),
    "p5a": ("hints", "messages through the broker, against Celery"),
    "p5b": ("steps", "durable steps, against procrastinate"),
    "coverage": ("coverage", "coverage, plan and data quality beside 17 million bars"),
    "p8": ("search", "an instrument among 100,000, typing errors included"),
    "p9": ("start", "start-up times and idle memory"),
    "plan": ("plan", "36,000 items in order, the state of 10,000 instruments, a month of virtual days"),
    "news": ("news", "search and the latest among 100,000 articles, and a reply of 100 more"),
    "stream": ("stream", "1,000 idle live streams on one API process, and commit to event"),
    "memory": ("memory", "memory with the replay market loaded and a load on"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the cases that the command line names; return 1 only with --check and a missed goal."""
    options = _parse(argv)
    names = list(CASES) if "all" in options.cases else options.cases
    report = {}
    missed = 0
    for name in names:
        findings, machine_line = _run(name, options)
        report[name] = {"machine": machine_line, "findings": [each.as_json() for each in findings]}
        missed += sum(not each.is_met for each in findings)
    if options.json:
        print(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "cases": report}, indent=1))
    return 1 if options.check and missed else 0


def _run(name: str, options: argparse.Namespace) -> tuple[list[Finding], str]:
    module, summary = CASES[name]
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"{time.perf_counter() - begun:6.1f} s  {line}", file=sys.stderr, flush=True)

    out = sys.stderr if options.json else sys.stdout
    print(f"\n{name}: {summary}", file=out)
    load_before = machine.load_average()
    with Lab(say, rounds=options.rounds, seconds=options.seconds) as lab:
        findings: list[Finding] = importlib.import_module(f"bench.cases.{module}").run(lab)
    machine_line = f"{machine.describe()} (at the start {load_before:.1f})"
    for each in findings:
        print(each.line(), file=out)
    print(f"on {machine_line}; {options.rounds} rounds of {options.seconds:g} s", file=out, flush=True)
    return findings, machine_line


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("cases", nargs="+", choices=[*CASES, "all"], metavar="case", help=", ".join([*CASES, "all"]))
    parser.add_argument("--rounds", type=int, default=5, help="pairs to take (5 or more)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one sample of a load")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
