"""What the read benchmarks ask: the same rows of Groat and of its peer, equal value for value before any timing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bench.load import Load, Target
from bench.web import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.lab import Lab
    from bench.market import Market
    from bench.web import Server

BARS: Final = 250
QUOTED: Final = 50
JSON: Final = "application/json"
ROWS: Final = "application/vnd.groat.rows+json"
# What every answer must agree on; a peer's rows hold no more than that.
FIELDS: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Question:
    """One kind of read, for many subjects: the paths to ask Groat and the peer, and what to accept."""

    name: str
    groat: tuple[str, ...]
    peer: tuple[str, ...]
    rows: int
    accept: str = JSON

    def target(self, lab: Lab, server: Server, name: str, paths: tuple[str, ...]) -> Target:
        """Describe a load of these paths."""
        return Target(lab.tools, lab.folder, f"{name}-{self.name}", server.origin, paths, server.pid, self.accept)

    def ask(self, server: Server, number: int) -> bytes:
        """Return Groat's answer about one subject."""
        return server.get(self.groat[number], self.accept)

    def peer_paths(self, kind: str) -> tuple[str, ...]:
        """Return the peer's paths of one of its ways: orm, core or bare."""
        return tuple(f"/{kind}{path}" for path in self.peer)


def bars(market: Market) -> Question:
    """Ask for the last year's bars of each symbol."""
    since, until = market.sessions[-BARS].session, market.sessions[-1].session + timedelta(days=1)
    dates = f"from={since}&until={until}"
    return Question(
        "bars",
        tuple(f"/api/bars?symbols={each}&{dates}" for each in market.symbols),
        tuple(f"/bars?symbol={each}&{dates}" for each in market.symbols),
        BARS,
        ROWS,
    )


def quotes(market: Market) -> Question:
    """Ask for the latest bars of fifty symbols at a time, always the same ten lists."""
    lists = [market.symbols[start : start + QUOTED] for start in range(0, len(market.symbols), QUOTED)]
    joined = [",".join(each) for each in lists]
    return Question(
        "quotes",
        tuple(f"/api/quotes?symbols={each}" for each in joined),
        tuple(f"/quotes?symbols={each}" for each in joined),
        QUOTED,
    )


def require_equal(question: Question, groat: Server, peer: Server, kinds: tuple[str, ...]) -> None:
    """Compare Groat's rows with each of the peer's ways, for several subjects; raise ServerError when they differ."""
    for number in (0, len(question.groat) // 2, len(question.groat) - 1):
        ours = rows_of(question.ask(groat, number))
        for kind in kinds:
            theirs = rows_of(peer.get(question.peer_paths(kind)[number]))
            if ours != theirs or len(ours) != question.rows:
                pair = next(((a, b) for a, b in zip(ours, theirs, strict=False) if a != b), (len(ours), len(theirs)))
                message = f"{question.groat[number]}: Groat and /{kind} do not say the same: {pair[0]} and {pair[1]}."
                raise ServerError(message)


def rows_of(body: bytes) -> list[tuple[object, ...]]:
    """Reduce an answer to comparable rows: (session or symbol and session, prices), in the answer's order."""
    decoded = json.loads(body)
    rows = decoded if isinstance(decoded, list) else decoded.get("bars") or decoded["quotes"]
    return [(str(row["session"])[:10], *(float(row[name]) for name in FIELDS)) for row in rows]


class Loads:
    """Keep what wrk saw of each contender, so that a round needs only the rate."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.seen: dict[str, list[Load]] = {}

    def contender(self, name: str, target: Target, seconds: float) -> Callable[[], float]:
        """Return a measurement of a target's rate."""

        def measure() -> float:
            load = target.run(seconds)
            self.seen.setdefault(name, []).append(load)
            return load.per_s

        return measure

    def samples(self, name: str, what: str) -> list[float]:
        """Return one figure of each of a contender's loads: per_s, p50_ms, p99_ms or cpu_ms."""
        return [getattr(load, what) for load in self.seen[name]]

    def cpu_ratio(self, name: str, over: str) -> list[float]:
        """Compare the servers' processor time a request, round by round: it hardly feels the neighbours."""
        return [b / a for a, b in zip(self.samples(name, "cpu_ms"), self.samples(over, "cpu_ms"), strict=True)]
