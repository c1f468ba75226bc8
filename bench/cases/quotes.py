"""P3: the latest bars of fifty symbols at once, live and hot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench import reads
from bench.findings import Finding, at_least, at_most, finding
from bench.pairs import alternate

if TYPE_CHECKING:
    from bench.lab import Lab

LIVE_OVER_ORM: Final = 6.5
HOT_OVER_ORM: Final = 48
HOT_P99_MS: Final = 5
CACHE_MB: Final = 64


def run(lab: Lab) -> list[Finding]:
    """Compare Groat with the cache off, Groat with it on, and the peer."""
    url, market = lab.loaded_market
    question = reads.quotes(market)
    live = lab.keep(lab.groat_api("groat-live", url, cache_mb=0))
    hot = lab.keep(lab.groat_api("groat-hot", url, cache_mb=CACHE_MB))
    peer = lab.keep(lab.fastapi(url))
    for each in (live, hot):
        reads.require_equal(question, each, peer, ("orm", "core"))
    loads = reads.Loads()
    targets = {
        "live": question.target(lab, live, "live", question.groat),
        "hot": question.target(lab, hot, "hot", question.groat),
        "orm": question.target(lab, peer, "orm", question.peer_paths("orm")),
        "core": question.target(lab, peer, "core", question.peer_paths("core")),
    }
    contenders = {name: loads.contender(name, target, lab.seconds) for name, target in targets.items()}
    rates = alternate(contenders, lab.rounds, lab.say)
    return [
        rates.ratio("live", "orm", "requests/s: Groat live over FastAPI ORM", at_least(LIVE_OVER_ORM)),
        rates.ratio("live", "core", "requests/s: Groat live over FastAPI tuned"),
        rates.ratio("hot", "orm", "requests/s: Groat hot over FastAPI ORM", at_least(HOT_OVER_ORM)),
        finding("p99 of Groat hot", loads.samples("hot", "p99_ms"), "ms", at_most(HOT_P99_MS)),
        finding("server CPU a request: FastAPI ORM over Groat live", loads.cpu_ratio("live", "orm"), "x"),
        finding("server CPU a request: FastAPI ORM over Groat hot", loads.cpu_ratio("hot", "orm"), "x"),
        *rates.absolute("/s"),
    ]
