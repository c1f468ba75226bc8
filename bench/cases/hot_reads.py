"""P2: the same 250 bars answered from the cache, exact invalidation on: Groat, FastAPI, nginx with static files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench import reads
from bench.findings import Finding, at_least, finding
from bench.load import Target
from bench.nginx import static_server
from bench.pairs import alternate

if TYPE_CHECKING:
    from bench.lab import Lab

OVER_ORM: Final = 90
OF_NGINX: Final = 33
CACHE_MB: Final = 64


def run(lab: Lab) -> list[Finding]:
    """Warm the cache with every symbol, then compare."""
    url, market = lab.loaded_market
    question = reads.bars(market)
    groat = lab.keep(lab.groat_api("groat", url, cache_mb=CACHE_MB))
    peer = lab.keep(lab.fastapi(url))
    reads.require_equal(question, groat, peer, ("orm",))
    files = {symbol: question.ask(groat, number) for number, symbol in enumerate(market.symbols)}
    nginx = lab.keep(static_server(lab, files))
    static = tuple(f"/{symbol}" for symbol in market.symbols)
    loads = reads.Loads()
    contenders = {
        "groat": loads.contender("groat", question.target(lab, groat, "groat", question.groat), lab.seconds),
        "orm": loads.contender("orm", question.target(lab, peer, "orm", question.peer_paths("orm")), lab.seconds),
        "nginx": loads.contender(
            "nginx", Target(lab.tools, lab.folder, "nginx", nginx.origin, static, nginx.pid), lab.seconds
        ),
    }
    rates = alternate(contenders, lab.rounds, lab.say)
    of_limit = [100 * each for each in rates.ratio("groat", "nginx", "").samples]
    return [
        rates.ratio("groat", "orm", "requests/s: Groat hot over FastAPI ORM", at_least(OVER_ORM)),
        finding("requests/s: Groat hot of nginx static", of_limit, "%", at_least(OF_NGINX)),
        finding("server CPU a request: FastAPI ORM over Groat hot", loads.cpu_ratio("groat", "orm"), "x"),
        *rates.absolute("/s"),
        *(finding(f"  {name}: p99", loads.samples(name, "p99_ms"), "ms") for name in loads.seen),
    ]
