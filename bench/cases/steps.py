"""P5 (b): durable steps (claim, fenced effect, done) against procrastinate's no-op jobs, on one PostgreSQL."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import psycopg

from app.bootstrap import House
from app.settings import DatabaseSettings, Settings
from bench.findings import Finding, at_least, at_most, finding
from bench.lab import ROOT
from bench.pairs import alternate
from bench.step_worker import FAN, TABLES
from bench.web import ServerError, clean_environment

if TYPE_CHECKING:
    from bench.lab import Lab
    from bench.web import Server

STEPS: Final = 1_000
OVER_PROCRASTINATE: Final = 1.2
P99_MS: Final = 5
# What procrastinate's worker is given too.
CONCURRENCY: Final = 20
PACED_RUNS: Final = 300
PACE_S: Final = 0.05
_TIMEOUT_S: Final = 120.0
# From the first claim to the last `done`, by the database's clock.
_RATE: Final = """
SELECT count(*) / extract(epoch FROM max(ended_at) - min(started_at))::float8
FROM pipeline_steps WHERE run_id = %s AND step = 'work'
"""
_WAITS: Final = """
SELECT extract(epoch FROM s.started_at - m.committing_at)::float8 * 1000
FROM bench_marks m JOIN pipeline_steps s ON s.run_id = m.run_id AND s.step = 'work' WHERE m.run_id = ANY(%s)
"""


def run(lab: Lab) -> list[Finding]:
    """Alternate fan-outs of Groat's steps with drains of procrastinate's jobs; then time single dispatches."""
    url = lab.database("steps")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
    lab.postgres.ensure_database("procrastinate")
    peer_url = lab.postgres.url("procrastinate")
    _procrastinate(lab, peer_url, "prepare")
    steps = Steps(url)

    def groat() -> float:
        with _worker(lab, url):
            return steps.fan_out(STEPS)

    def procrastinate() -> float:
        return float(_procrastinate(lab, peer_url, "drain", str(STEPS)))

    rates = alternate({"groat": groat, "procrastinate": procrastinate}, lab.rounds, lab.say)
    with _worker(lab, url, GROAT_WORKER__KEEPER_S="0.05"):
        waits = [steps.dispatch_p99_ms() for _ in range(lab.rounds)]
    return [
        rates.ratio("groat", "procrastinate", "steps/s over procrastinate's jobs/s", at_least(OVER_PROCRASTINATE)),
        finding("commit to claim, p99", [p99 for _, p99 in waits], "ms", at_most(P99_MS)),
        finding("commit to claim, p50", [p50 for p50, _ in waits], "ms"),
        *rates.absolute("/s"),
    ]


class Steps:
    """Starts runs and reads from the tables how they went."""

    def __init__(self, url: str) -> None:
        """Use this database."""
        self.url = url
        self.number = 0

    def fan_out(self, count: int) -> float:
        """Run one fan-out; return steps/s."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._until_declared(connection)
            (run_id,) = asyncio.run(self._start([{"parts": count}], 0))
            self._until_over(connection, [run_id])
            return float(self._one(connection, _RATE, run_id))

    def dispatch_p99_ms(self) -> tuple[float, float]:
        """Run single-part fan-outs at a quiet pace; return p50 and p99 of the wait from commit to claim."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._until_declared(connection)
            runs = asyncio.run(self._start([{"parts": 1}] * PACED_RUNS, PACE_S))
            self._until_over(connection, runs)
            waits = [float(wait) for (wait,) in connection.execute(_WAITS, (runs,)).fetchall()]
        return statistics.median(waits), statistics.quantiles(waits, n=100)[98]

    async def _start(self, arguments: list[dict[str, int]], pace_s: float) -> list[int]:
        found = []
        async with House(Settings(database=DatabaseSettings(url=self.url)), name="bench") as house:
            for args in arguments:
                self.number += 1
                run_id, _ = await house.pipelines.start(FAN.spec.name, f"bench-{self.number}", args)
                found.append(run_id)
                await asyncio.sleep(pace_s)
        return found

    def _until_declared(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for the worker, which declares its pipelines when it starts."""
        give_up = time.monotonic() + _TIMEOUT_S
        while not self._one(connection, "SELECT count(*) FROM pipelines WHERE name = %s", FAN.spec.name):
            if time.monotonic() > give_up:
                message = f"No worker declared {FAN.spec.name} within {_TIMEOUT_S:g} s."
                raise ServerError(message)
            time.sleep(0.1)

    def _until_over(self, connection: psycopg.Connection[Any], runs: list[int]) -> None:
        give_up = time.monotonic() + _TIMEOUT_S
        running = "SELECT count(*) FROM pipeline_runs WHERE state <> 'done' AND id = ANY(%s)"
        while left := self._one(connection, running, runs):
            if time.monotonic() > give_up:
                message = f"{left} runs were not done after {_TIMEOUT_S:g} s."
                raise ServerError(message)
            time.sleep(0.1)

    @staticmethod
    def _one(connection: psycopg.Connection[Any], sql: str, value: object) -> Any:  # noqa: ANN401  whatever it selects
        row = connection.execute(sql.encode(), (value,)).fetchone()
        return row[0] if row else None


def _worker(lab: Lab, url: str, **variables: str) -> Server:
    more = {"GROAT_WORKER__MAX_ASYNC_TASKS": str(CONCURRENCY), **variables}
    server = lab.groat("step-worker", url=url, **more)
    server.command = [sys.executable, "-m", "bench.step_worker"]
    return server


def _procrastinate(lab: Lab, url: str, *words: str) -> str:
    command = [lab.peer_python, "-m", "bench.peers.procrastinate_app", *words]
    variables = clean_environment(DATABASE_URL=url)
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
