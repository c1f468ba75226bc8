"""Memory of the API and the worker on the whole replay market, days coming in, and reads of every kind under way."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bench import machine
from bench.findings import Finding, at_most, finding
from bench.load import Target
from ops.local.ports import LOOPBACK
from tests.stack.groat import GroatStack

if TYPE_CHECKING:
    from bench.lab import Lab

# The seed gave each process 768 MB; "far under" is taken to be a third.
GOAL_MB: Final = 256
SYMBOLS: Final = 524
DAYS_BEFORE_OPENING: Final = 165
_LOADED_S: Final = 300.0
_WATCH_EVERY_S: Final = 0.25
ROWS: Final = "application/vnd.groat.rows+json"
PARQUET: Final = "application/vnd.apache.parquet"
COLUMNS: Final = "application/json"
_FIRST: Final = "2009-08-21"


@dataclass
class Peak:
    """The most that a process and its children took, watched from a thread."""

    name: str
    pid: int
    rss_mb: list[float] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Weigh the tree once."""
        tree = machine.tree(self.pid)
        self.rss_mb.append(max((machine.rss_mb(pid) for pid in tree), default=0.0))
        self.pss_mb.append(sum(machine.pss_mb(pid) for pid in tree))

    def findings(self) -> list[Finding]:
        """Report the highest of each."""
        return [
            finding(f"{self.name}: highest RSS of its biggest process", [max(self.rss_mb)], "MB", at_most(GOAL_MB)),
            finding(f"{self.name}: highest PSS of all its processes", [max(self.pss_mb)], "MB", at_most(GOAL_MB)),
        ]


def run(lab: Lab) -> list[Finding]:
    """Backfill the replay market, then read for some seconds while its days go on."""
    with GroatStack(lab.binaries, lab.folder) as stack:
        for verb in ("serve", "work", "schedule"):
            stack.start(verb)
        lab.say("backfilling the replay market")
        peaks = [Peak("API", stack.children["serve"].pid), Peak("worker", stack.children["work"].pid)]
        stop = threading.Event()
        watcher = threading.Thread(target=_watch, args=(peaks, stop))
        watcher.start()
        try:
            took = stack.until(lambda: _days(stack) >= DAYS_BEFORE_OPENING, _LOADED_S, "the backfill is done")
            loads = _load(lab, stack)
        finally:
            stop.set()
            watcher.join()
        days, rows = stack.rows("SELECT count(DISTINCT session), count(*) FROM bars_daily")[0]
    return [
        *(found for peak in peaks for found in peak.findings()),
        *loads,
        finding("  backfill of the days before the opening", [took], "s"),
        finding("  sessions in the table at the end", [float(days)], ""),
        finding("  bars in the table at the end", [float(rows)], ""),
    ]


def _days(stack: GroatStack) -> int:
    found = stack.rows("SELECT count(DISTINCT session) FROM bars_daily")
    return int(found[0][0]) if found else 0


def _load(lab: Lab, stack: GroatStack) -> list[Finding]:
    symbols = [symbol for (symbol,) in stack.rows("SELECT DISTINCT symbol FROM instruments ORDER BY 1")][:SYMBOLS]
    hundreds = [",".join(symbols[start : start + 100]) for start in range(0, len(symbols), 100)]
    dates = f"from={_FIRST}&until=2010-08-21"
    single = tuple(f"/api/bars?symbols={each}&{dates}" for each in symbols)
    many = tuple(f"/api/bars?symbols={each}&{dates}" for each in hundreds)
    quotes = tuple(f"/api/quotes?symbols={each}" for each in hundreds)
    searches = tuple(f"/api/instruments/search?q={each[:2].lower()}" for each in symbols)
    kinds = {
        "bars of a symbol, rows": (single, ROWS),
        "bars of 100 symbols, columns": (many, COLUMNS),
        "bars of 100 symbols, Parquet": (many, PARQUET),
        "quotes of 100 symbols": (quotes, COLUMNS),
        "search": (searches, COLUMNS),
    }
    origin, pid = f"http://{LOOPBACK}:{stack.api_port}", stack.children["serve"].pid
    found = []
    for name, (paths, accept) in kinds.items():
        target = Target(lab.tools, lab.folder, name.replace(" ", "-").replace(",", ""), origin, paths, pid, accept)
        found.append(finding(f"  load: {name}", [target.run(lab.seconds).per_s], "/s"))
    return found


def _watch(peaks: list[Peak], stop: threading.Event) -> None:
    while not stop.is_set():
        for peak in peaks:
            try:
                peak.look()
            except OSError:
                continue  # a process ended between being listed and being weighed
        time.sleep(_WATCH_EVERY_S)
