"""The doors: `python -m workers.main`, `python -m workers.scheduler`, and Taskiq's own command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psycopg
import pytest

from ops.local import processes
from workers.pipelines import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
IDLE_MB = 110
TASKIQ = ["-m", "taskiq", "worker", "workers.main:broker", "--workers", "1", "--max-prefetch", "0"]
KEPT = "SELECT owner FROM pipeline_keeper"


def declare_nothing_due(database_url: str) -> None:
    """Declare the real pipelines as not due, so that a worker of them calls no provider."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for pipeline in registry().values():
            row = (pipeline.spec.name, msgspec.json.encode(pipeline.spec).decode())
            connection.execute("INSERT INTO pipelines (name, spec, paused, next_due) VALUES (%s, %s, true, now())", row)


@contextmanager
def running(words: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {"PATH": os.environ["PATH"], "GROAT_ENV_FILE": "", "GROAT_WORKER__KEEPER_S": "0.2", **environment}  # noqa: TID251  the child's own
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.poll() is None:
            processes.kill_tree(process.pid)
        process.wait(10)


@pytest.fixture
def environment(database_url: str, queue_url: str) -> dict[str, str]:
    declare_nothing_due(database_url)
    return {"DATABASE_URL": database_url, "REDIS_URL": queue_url}


def keeps(database_url: str) -> bool:
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(KEPT).fetchone()
    return row is not None and row[0] is not None


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.parametrize("words", [["-m", "workers.main"], ["-m", "workers.scheduler"], TASKIQ], ids=" ".join)
def test_a_process_keeps_the_schedule_and_stops_when_asked(
    words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(words, environment, log) as process:
        assert processes.wait_until(lambda: keeps(environment["DATABASE_URL"]), 60), log.read_text()
        if words == ["-m", "workers.main"]:
            print(f"an idle worker holds {resident_mb(process.pid):.0f} MB")
            assert resident_mb(process.pid) < IDLE_MB
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_parent_of_workers_is_small_and_starts_again_what_dies(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment["GROAT_WORKER__PROCESSES"] = "2"
    with running(["-m", "workers.main"], environment, log) as parent:
        assert processes.wait_until(lambda: keeps(environment["DATABASE_URL"]), 60), log.read_text()
        children = processes.descendants(parent.pid)
        assert len(children) == 2
        assert resident_mb(parent.pid) < IDLE_MB / 2
        processes.send(children[:1], signal.SIGKILL)
        assert processes.wait_until(
            lambda: (
                len(processes.descendants(parent.pid)) == 2 and children[0] not in processes.descendants(parent.pid)
            ),
            30,
        )
        parent.kill()
        parent.wait(5)
        assert processes.wait_until(lambda: not any(processes.is_alive(pid) for pid in children[1:]), 10)


@pytest.mark.parametrize("module", ["workers.main", "workers.scheduler"])
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"GROAT_WORKER__LEASE": "5"}, "Did you mean GROAT_WORKER__LEASE_S?"),
        ({"DATABASE_URL": "postgresql://127.0.0.1/x"}, "REDIS_URL is not set"),
        ({"REDIS_URL": "redis://127.0.0.1/0"}, "DATABASE_URL is not set"),
    ],
    ids=["unknown name", "no queue", "no database"],
)
def test_wrong_settings_are_said_in_one_line(
    module: str, environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(["-m", module], environment, log) as process:
        assert process.wait(60) == 2
    [line] = log.read_text().splitlines()
    assert said in line
