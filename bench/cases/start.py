"""P9: how soon `groat --help` and the API answer, and how much memory API and worker take when idle."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from bench import machine
from bench.findings import Finding, at_most, finding
from bench.lab import ROOT
from bench.web import clean_environment
from ops.local import processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.lab import Lab
    from bench.web import Server

HELP_GOAL_S: Final = 0.3
READY_GOAL_S: Final = 1.5
API_GOAL_MB: Final = 120
WORKER_GOAL_MB: Final = 110
_SETTLE_S: Final = 3.0
_HELP_ROUNDS: Final = 3


def run(lab: Lab) -> list[Finding]:
    """Measure each start several times, in turns with a peer's."""
    url = lab.database("bench")
    return [*_help(lab), *_ready(lab, url), *_memory(lab, url)]


def _help(lab: Lab) -> list[Finding]:
    words = {
        "groat --help": [sys.executable, "-m", "app.cli", "--help"],
        "celery --help": [lab.peer_python, "-m", "celery", "--help"],
        "an empty Python (limit)": [sys.executable, "-c", ""],
    }
    walls: dict[str, list[float]] = {name: [] for name in words}
    cpus: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(lab.rounds * _HELP_ROUNDS):
        for name, command in words.items():
            wall_s, cpu_s = _timed(command)
            walls[name].append(wall_s)
            cpus[name].append(cpu_s)
    goal = at_most(HELP_GOAL_S)
    found = [finding(name, each, "s", goal if name == "groat --help" else None) for name, each in walls.items()]
    return [*found, finding("groat --help: processor time", cpus["groat --help"], "s")]


def _timed(command: list[str]) -> tuple[float, float]:
    begun, used = time.perf_counter(), _children_cpu_s()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=clean_environment(GROAT_ENV_FILE=""))
    return time.perf_counter() - begun, _children_cpu_s() - used


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _ready(lab: Lab, url: str) -> list[Finding]:
    starts: dict[str, Callable[[], Server]] = {
        "API: start to first 200 of /api/health/ready": lambda: lab.groat_api("groat", url, cache_mb=64),
        "FastAPI peer: start to first 200": lambda: lab.fastapi(url),
    }
    samples: dict[str, list[float]] = {name: [] for name in starts}
    cpus: dict[str, list[float]] = {name: [] for name in starts}
    for number in range(lab.rounds):
        for name, make in starts.items():
            with make() as server:
                samples[name].append(server.ready_s)
                cpus[name].append(machine.cpu_s(server.pid))
        lab.say(f"start {number + 1}/{lab.rounds}: " + ", ".join(f"{found[-1]:.2f} s" for found in samples.values()))
    first, second = samples
    return [
        finding(first, samples[first], "s", at_most(READY_GOAL_S)),
        finding(second, samples[second], "s"),
        finding("API: processor time until then", cpus[first], "s"),
        finding("FastAPI peer: processor time until then", cpus[second], "s"),
    ]


def _memory(lab: Lab, url: str) -> list[Finding]:
    found: list[Finding] = []
    with lab.groat_api("groat", url, cache_mb=64) as api:
        time.sleep(_SETTLE_S)
        found += memory_of("API, idle", api.pid, API_GOAL_MB)
    with lab.groat("worker", "work", url=url) as worker:
        processes.wait_until(lambda: bool(processes.descendants(worker.pid)), 15)
        time.sleep(_SETTLE_S)
        found += memory_of("worker, idle", worker.pid, WORKER_GOAL_MB)
    return found


def memory_of(name: str, pid: int, goal_mb: float | None = None) -> list[Finding]:
    """Weigh a process and its children: the biggest one's RSS, and the whole tree with shared pages counted once."""
    tree = machine.tree(pid)
    biggest = max(map(machine.rss_mb, tree))
    goal = None if goal_mb is None else at_most(goal_mb)
    return [
        finding(f"{name}: RSS of its biggest process", [biggest], "MB", goal),
        finding(f"{name}: PSS of all {len(tree)} processes", [sum(map(machine.pss_mb, tree))], "MB"),
    ]
