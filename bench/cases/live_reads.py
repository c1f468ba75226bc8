"""P1: the last 250 bars of a symbol as JSON objects, every cache off: Groat, FastAPI three ways, PostgreSQL alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench import reads
from bench.findings import Finding, at_least, finding
from bench.pairs import alternate
from bench.statements import Statement, statements_of
from bench.web import ServerError

if TYPE_CHECKING:
    from bench.lab import Lab
    from bench.reads import Question

KINDS: Final = ("orm", "core", "bare")
OVER_ORM: Final = 12
OVER_TUNED: Final = 6
OF_PGBENCH: Final = 50


def run(lab: Lab) -> list[Finding]:
    """Compare Groat's rate with the peer's and with pgbench's on the statement that Groat sends."""
    url, market = lab.loaded_market
    question = reads.bars(market)
    statement = statement_of(lab, url, question)
    groat = lab.keep(lab.groat_api("groat", url, cache_mb=0))
    peer = lab.keep(lab.fastapi(url))
    reads.require_equal(question, groat, peer, KINDS)
    loads = reads.Loads()
    contenders = {
        "groat": loads.contender("groat", question.target(lab, groat, "groat", question.groat), lab.seconds),
        **{
            kind: loads.contender(kind, question.target(lab, peer, kind, question.peer_paths(kind)), lab.seconds)
            for kind in KINDS
        },
        "pgbench": lambda: statement.rate(lab, "bench", lab.seconds),
    }
    rates = alternate(contenders, lab.rounds, lab.say)
    of_limit = [100 * each for each in rates.ratio("groat", "pgbench", "").samples]
    return [
        rates.ratio("groat", "orm", "requests/s: Groat over FastAPI ORM", at_least(OVER_ORM)),
        rates.ratio("groat", "core", "requests/s: Groat over FastAPI tuned", at_least(OVER_TUNED)),
        rates.ratio("groat", "bare", "requests/s: Groat over FastAPI without models, orjson"),
        finding("requests/s: Groat of pgbench on the same SQL", of_limit, "%", at_least(OF_PGBENCH)),
        finding("server CPU a request: FastAPI ORM over Groat", loads.cpu_ratio("groat", "orm"), "x"),
        finding("server CPU a request: FastAPI tuned over Groat", loads.cpu_ratio("groat", "core"), "x"),
        *rates.absolute("/s"),
        *(finding(f"  {name}: p99", loads.samples(name, "p99_ms"), "ms") for name in loads.seen),
    ]


def statement_of(lab: Lab, url: str, question: Question) -> Statement:
    """Return the statement that a live read of Groat sends: the one over the most of its time, by its table."""

    def ask() -> None:
        with lab.groat_api("groat-watched", url, cache_mb=0) as groat:
            question.ask(groat, len(question.groat) // 2)

    found = [each for each in statements_of(lab, "bench", ask) if "bars_daily" in each.sql]
    if not found:
        message = "Groat sent no statement over bars_daily for a live read."
        raise ServerError(message)
    return found[-1]
