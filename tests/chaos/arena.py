"""A stack of its own to break: PostgreSQL, Valkey, worker processes; and the ledger that finds what was lost."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from app.db.pipeline_rows import NEW_RUN, first_rows
from migrations.runner import migrate
from ops.local import processes
from tests.chaos.pipelines import EFFECTS, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ops.local.postgres import LocalPostgres
    from ops.local.valkey import LocalValkey

ROOT = Path(__file__).parents[2]
LEASE_S = 1.0
TIMES = {"LEASE_S": str(LEASE_S), "KEEPER_S": "0.2", "RESEND_S": "0.5", "BACKOFF_S": "0.1", "GRACE_S": "2"}
Key = tuple[int, str, str]
OPEN = """
SELECT run_id, step, part, state, fence, attempt, crashes, free_at - now(), hint_at - now(), owner, error
FROM pipeline_steps WHERE state <> 'done' ORDER BY 1, 2, 3 LIMIT 30
"""


@dataclass
class Unit:
    """One worker as a supervisor sees it: a process group; with two processes or more it has a parent."""

    words: Sequence[str]
    processes: int
    process: subprocess.Popen[bytes] | None = None
    paused: list[int] = field(default_factory=list)

    def pids(self) -> list[int]:
        if self.process is None or self.process.poll() is not None:
            return []
        return [self.process.pid, *processes.descendants(self.process.pid)]

    def workers(self) -> list[int]:
        """The pids that do the work: the children when there is a parent."""
        pids = self.pids()
        return pids[1:] if self.processes > 1 else pids[:1]


@dataclass
class Verdict:
    """What the ledger says about every run."""

    steps: int
    runs: int
    lost: list[Key]
    doubled: list[Key]
    without_effect: list[Key]
    without_done: list[Key]
    dead: list[Key]
    crashes: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.without_effect or self.without_done)


class Arena:
    """Start it with two servers of its own; every method works from the outside, as an operator would."""

    def __init__(self, postgres: LocalPostgres, valkey: LocalValkey, folder: Path, **addresses: str) -> None:
        self.postgres = postgres
        self.valkey = valkey
        self.folder = folder
        self.database = f"chaos_{next(COUNTER)}"
        postgres.ensure_database(self.database)
        self.url = postgres.url(self.database)
        asyncio.run(migrate(self.url, say=lambda _: None))
        self.sql(EFFECTS)
        for pipeline in REGISTRY.values():
            self.sql(
                "INSERT INTO pipelines (name, spec, next_due) VALUES (%s, %s, now() + interval '20 years')",
                pipeline.spec.name,
                Jsonb(msgspec.to_builtins(pipeline.spec)),
            )
        self.addresses = {"DATABASE_URL": self.url, "REDIS_URL": valkey.url(), **addresses}
        self.times = dict(TIMES)
        self.units: list[Unit] = []
        self.recoveries: list[float] = []
        self._windows = itertools.count()

    # What the system is asked to do

    def start_runs(self, pipeline: str, count: int, **args: object) -> list[int]:
        """Start runs as the API does: one insert each, no hint."""
        spec = REGISTRY[pipeline].spec
        found = []
        with psycopg.connect(self.url, autocommit=True) as connection:
            for _ in range(count):
                values = {
                    "pipeline": pipeline,
                    "window": f"{os.getpid()}-{next(self._windows)}",
                    "args": json.dumps(args),
                    "steps": first_rows(spec),
                }
                row = connection.execute(NEW_RUN, values).fetchone()
                assert row is not None
                found.append(int(row[0]))
        return found

    # Workers

    def add(self, *words: str, processes: int = 1, **addresses: str) -> Unit:
        """Start a worker, and return it."""
        unit = Unit(words=words, processes=processes)
        self.units.append(unit)
        self.launch(unit, **addresses)
        return unit

    def launch(self, unit: Unit, **addresses: str) -> None:
        env = {
            "PATH": os.environ["PATH"],  # noqa: TID251  the worker's own environment is made here
            "GROAT_ENV_FILE": "",
            "GROAT_WORKER__PROCESSES": str(unit.processes),
            "GROAT_WORKER__MAX_ASYNC_TASKS": "8",
            **{f"GROAT_WORKER__{name}": value for name, value in self.times.items()},
            **self.addresses,
            **addresses,
        }
        log = (self.folder / f"worker-{self.units.index(unit)}.log").open("ab")
        command = [sys.executable, "-m", "tests.chaos.worker", *unit.words]
        unit.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
        log.close()

    def kill(self, unit: Unit, how: str) -> list[int]:
        """Kill the group, the parent only, or one child, with SIGKILL; return the pids that it costs."""
        pids = unit.pids()
        if how == "group" or unit.processes == 1:
            doomed = pids
            processes.send(pids, signal.SIGKILL)
        elif how == "parent":
            doomed = pids  # its children are told to die with it
            processes.send(pids[:1], signal.SIGKILL)
        else:
            doomed = pids[1:2]
            processes.send(doomed, signal.SIGKILL)
        assert processes.wait_until(lambda: not any(processes.is_alive(pid) for pid in doomed), 10)
        if how != "child" or unit.processes == 1:
            assert unit.process is not None
            unit.process.wait(10)
        return doomed

    def terminate(self, unit: Unit) -> float:
        """Stop a worker as a deploy does; return how long it took."""
        assert unit.process is not None
        began = time.monotonic()
        unit.process.terminate()
        unit.process.wait(20)
        return time.monotonic() - began

    def freeze(self, unit: Unit) -> None:
        unit.paused = unit.pids()
        processes.send(unit.paused, signal.SIGSTOP)

    def thaw(self, unit: Unit) -> None:
        processes.send(unit.paused, signal.SIGCONT)
        unit.paused = []

    def close(self) -> None:
        for unit in self.units:
            if unit.paused:
                self.thaw(unit)
            if unit.process is not None and unit.process.poll() is None:
                processes.kill_tree(unit.process.pid)
                unit.process.wait(10)

    # Looking

    def sql(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def running(self, pids: Iterable[int] | None = None) -> dict[Key, int]:
        """Return the steps that are claimed, with their fences; of these processes only."""
        rows = self.sql("SELECT run_id, step, part, fence, owner FROM pipeline_steps WHERE state = 'running'")
        wanted = None if pids is None else {str(pid) for pid in pids}
        return {(r, s, p): f for r, s, p, f, owner in rows if wanted is None or owner.split(":")[1] in wanted}

    def recover(self, victims: dict[Key, int], within_s: float) -> None:
        """Wait until each victim was claimed again or has ended, and note how long each took."""
        began, left = time.monotonic(), dict(victims)
        while left:
            rows = self.sql("SELECT run_id, step, part, fence, state FROM pipeline_steps")
            for run, step, part, fence, state in rows:
                key = (run, step, part)
                if key in left and (fence > left[key] or state in {"done", "dead"}):
                    del left[key]
                    self.recoveries.append(time.monotonic() - began)
            assert time.monotonic() - began < within_s, f"not recovered within {within_s} s: {left}"
            time.sleep(0.02)

    def wait(self, within_s: float) -> None:
        """Wait until every run has ended."""
        open_runs = "SELECT id FROM pipeline_runs WHERE state = 'running'"
        ended = processes.wait_until(lambda: not self.sql(open_runs), within_s)
        if not ended:
            rows = self.sql(OPEN)
            text = "\n".join(map(str, rows))
            message = f"runs that do not end within {within_s} s:\n{text}\n{self.logs()}"
            raise AssertionError(message)

    def until_ready(self, within_s: float = 60) -> None:
        """Wait until every worker process has said that it is ready: starting takes its time on a busy machine."""

        def are_ready() -> bool:
            said = {line.split("owner=", 1)[-1].split(":")[1] for line in self.lines("the worker is ready")}
            workers = [pid for unit in self.units for pid in unit.workers()]
            return len(workers) == sum(unit.processes for unit in self.units) and {*map(str, workers)} <= said

        assert processes.wait_until(are_ready, within_s), self.logs()

    def lines(self, event: str) -> list[str]:
        logs = [path.read_text() for path in self.folder.glob("worker-*.log")]
        return [line for text in logs for line in text.splitlines() if event in line]

    def logs(self) -> str:
        return "\n".join(
            f"{path.name}: {path.read_text()[-3000:]}" for path in sorted(self.folder.glob("worker-*.log"))
        )

    def verdict(self) -> Verdict:
        """Compare every step with the effects."""
        steps = self.sql("SELECT run_id, step, part, state, crashes FROM pipeline_steps")
        effects = self.sql("SELECT run_id, step, part, count(*) FROM effects GROUP BY 1, 2, 3")
        count = {(run, step, part): n for run, step, part, n in effects}
        done = {(run, step, part) for run, step, part, state, _ in steps if state == "done"}
        dead = {(run, step, part) for run, step, part, state, _ in steps if state == "dead"}
        rest = {(run, step, part) for run, step, part, state, _ in steps} - done - dead
        return Verdict(
            steps=len(done),
            runs=self.sql("SELECT count(*) FROM pipeline_runs")[0][0],
            lost=sorted(key for key in rest if not any(key[0] == other[0] for other in dead)),
            doubled=sorted(key for key, n in count.items() if n > 1),
            without_effect=sorted(done - set(count)),
            without_done=sorted(set(count) - done),
            dead=sorted(dead),
            crashes=sum(row[4] for row in steps),
        )


COUNTER = itertools.count()


@contextmanager
def closing(arena: Arena) -> Iterator[Arena]:
    """End the arena's processes, whatever happened."""
    try:
        yield arena
    finally:
        arena.close()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
