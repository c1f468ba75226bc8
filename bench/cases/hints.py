"""P5 (a): messages through Groat's broker and through Celery's, two worker processes each, on the same Valkey."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, Final

from app.queue import PREFIX
from bench.bare_hop import KEY
from bench.findings import Finding, at_least, at_most, finding
from bench.pairs import alternate
from bench.queues import Queue

if TYPE_CHECKING:
    from bench.lab import Lab

OVER_CELERY: Final = 5
P99_MS: Final = 1.5
# Groat's lists are cut at 10,000: only hints are in them, and the keeper sends those again.
MESSAGES: Final = 9_000
CELERY_MESSAGES: Final = 3_000
STAMPS: Final = 500
PROCESSES: Final = "2"


def run(lab: Lab) -> list[Finding]:
    """Alternate whole drains; then latencies in turns."""
    url = lab.valkey("queue").url()
    groat, celery, bare = _groat(lab, url), _celery(lab, url), _bare(lab, url)
    rates = alternate({"groat": groat.drain, "celery": celery.drain}, lab.rounds, lab.say)
    sent = alternate({"groat": groat.enqueue, "celery": celery.enqueue}, lab.rounds, lab.say)
    waits: dict[str, list[float]] = {"groat": [], "celery": [], "bare": []}
    for _ in range(lab.rounds):
        for queue in (groat, celery, bare):
            waits[queue.name].append(statistics.quantiles(queue.latencies_ms(STAMPS), n=100)[98])
    return [
        rates.ratio("groat", "celery", "messages drained/s: Groat's broker over Celery", at_least(OVER_CELERY)),
        finding("send to start, p99: Groat's broker", waits["groat"], "ms", at_most(P99_MS)),
        finding("send to start, p99: Celery", waits["celery"], "ms"),
        finding("send to start, p99: a bare hop over the same Valkey (limit)", waits["bare"], "ms"),
        sent.ratio("groat", "celery", "messages sent/s one by one: Groat's broker over Celery"),
        *rates.absolute("drained/s"),
        *sent.absolute("sent/s"),
    ]


def _groat(lab: Lab, url: str) -> Queue:
    flags = ["-w", PROCESSES, "--max-async-tasks", "20", "--max-prefetch", "0", "--ack-type", "when_received"]
    worker = [sys.executable, "-m", "taskiq", "worker", "bench.hint_worker:broker", *flags, "--log-level", "WARNING"]
    sender = [sys.executable, "-m", "bench.hint_worker"]
    return Queue("groat", lab, url, sender, worker, f"{PREFIX}fast", MESSAGES)


def _celery(lab: Lab, url: str) -> Queue:
    flags = ["--concurrency", PROCESSES, "-l", "warning", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = [lab.peer_python, "-m", "celery", "-A", "bench.peers.celery_app", "worker", *flags]
    sender = [lab.peer_python, "-m", "bench.peers.celery_app"]
    return Queue("celery", lab, url, sender, worker, "celery", CELERY_MESSAGES)


def _bare(lab: Lab, url: str) -> Queue:
    program = [sys.executable, "-m", "bench.bare_hop"]
    return Queue("bare", lab, url, program, [*program, "work"], KEY, 0)
