"""The launcher starts in order, brings back what is killed, stops cleanly, and finds what a killed one left."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from ops.local import environment
from ops.local.ports import free_port, is_free
from ops.local.processes import is_alive, wait_until
from ops.local.state import State

pytestmark = pytest.mark.stack

CHECKOUT = Path(__file__).parents[2]
SERVER = (
    "import http.server as h, sys;"
    "h.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()"
)
# A server whose child outlives it unless its whole group is killed.
FORKING = "import os, signal, time; os.fork() or signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PROCESSES = f"""
[ports]
api = 1
replay = 1
web = 1

[processes.first]
command = ["{{python}}", "-c", "print('100% done')"]
restart = "no"

[processes.web]
command = ["{{python}}", "-c", {json.dumps(SERVER)}, "{{port_web}}"]
depends_on = {{ first = "completed" }}
ports = ["web"]
ready = {{ http = {{ port = "web", path = "/" }} }}

[processes.worker]
command = ["{{python}}", "-c", {json.dumps(FORKING)}]
depends_on = {{ web = "healthy" }}
market_clock = true
env = {{ GREETING = "50% off" }}
"""


class Stack:
    """A launcher in a process of its own, its output read line by line."""

    def __init__(self, folder: Path, processes: str = PROCESSES) -> None:
        self.folder = folder
        self.state = State(folder / "a state")
        self.file = folder / "processes.toml"
        self.file.write_text(processes)
        self.ports = {f"PORT_{name}": str(free_port()) for name in ("API", "REPLAY", "WEB")}
        self.lines: list[str] = []
        self.started: list[subprocess.Popen[str]] = []

    def command(self, *words: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "ops.local",
            "--state",
            str(self.state.root),
            "--processes",
            str(self.file),
            *words,
        ]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        variables = environment.copy(**self.ports)
        return subprocess.run(
            self.command(*words), cwd=CHECKOUT, env=variables, capture_output=True, text=True, check=False
        )

    def up(self, until: str = "Groat is up") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command("up"),
            cwd=CHECKOUT,
            env=environment.copy(**self.ports),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        self.read(process, until)
        return process

    def read(self, process: subprocess.Popen[str], until: str) -> str:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if until in line:
                return line
        message = f"{until!r} was not said:\n" + "\n".join(self.lines)
        raise AssertionError(message)

    def end(self, process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> int:
        process.send_signal(number)
        assert process.stdout is not None
        self.lines += [line.rstrip() for line in process.stdout]
        return process.wait(30)

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.ports['PORT_WEB']}/", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        if process.stdout:
            process.stdout.close()
    made.run("down")


def test_it_starts_in_order_and_ctrl_c_stops_in_reverse(stack: Stack) -> None:
    process = stack.up()
    assert stack.answers()
    pids = stack.state.read_running().living()
    assert stack.end(process) == 0
    told = [line.split()[2] for line in stack.lines if re.search(r" s  (first|web|worker) ", line)]
    assert told == ["first", "web", "worker", "worker", "web"]
    assert "Everything is stopped" in stack.lines[-1]
    assert not any(is_alive(pid) for pid in pids.values())
    assert not stack.answers()
    _assert_private(stack)


def _assert_private(stack: Stack) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (stack.state.root, stack.state.env_file)}
    assert modes == {"a state": "0o700", "groat.env": "0o600"}
    assert (stack.state.run / "supervisord.conf").stat().st_mode & 0o077 == 0


def test_what_is_killed_comes_back(stack: Stack) -> None:
    process = stack.up()
    before = stack.state.read_running().living()
    orphans = _children(before["worker"])
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    stack.read(process, "web           ready again")
    assert stack.answers()
    assert wait_until(lambda: stack.state.read_running().living().keys() == before.keys(), 10)
    after = stack.state.read_running().living()
    assert not set(after.values()) & set(before.values())
    assert orphans
    assert not any(is_alive(pid) for pid in orphans)


def test_the_market_goes_on_where_it_stopped(stack: Stack) -> None:
    runs = []
    for _ in range(2):
        stack.end(stack.up())
        saved = json.loads((stack.state.data / "market.json").read_text())
        runs.append((_settings(stack), saved))
    (first, saved), (second, _) = runs
    assert first["GROAT_CLOCK__MARKET_AT"] == "2010-04-26T09:30:00-04:00"
    assert second["GROAT_CLOCK__MARKET_AT"] == saved["market_at"]
    opened, stood = (datetime.fromisoformat(each["GROAT_CLOCK__MARKET_AT"]) for each in (first, second))
    assert timedelta(hours=1) < stood - opened < timedelta(days=2)
    assert first["GROAT_CLOCK__RUN"] == second["GROAT_CLOCK__RUN"]


def test_a_stale_supervisor_is_taken_over(stack: Stack) -> None:
    process = stack.up()
    pids = stack.state.read_running().living()
    process.kill()
    process.wait()
    assert stack.answers()
    second = stack.up()
    assert any("An earlier launcher was killed" in line for line in stack.lines)
    assert stack.answers()
    assert not set(pids.values()) & set(stack.state.read_running().living().values())
    assert stack.end(second) == 0


def test_a_killed_supervisor_leaves_nothing(stack: Stack) -> None:
    process = stack.up()
    running = stack.state.read_running()
    os.kill(running.supervisor[0], signal.SIGKILL)
    stack.read(process, "The supervisor was killed")
    assert stack.end(process) == 1
    assert not running.living()
    assert is_free(int(stack.ports["PORT_WEB"]))


def test_a_second_start_says_where_the_first_is(stack: Stack) -> None:
    process = stack.up()
    second = stack.run("up")
    assert second.returncode == 0
    assert f"already running, pid {process.pid}" in second.stdout
    assert "/api/health" in second.stdout


def test_down_stops_it_and_clean_removes_the_data(stack: Stack) -> None:
    process = stack.up()
    assert "web" in stack.run("status").stdout
    assert stack.run("down", "--clean").returncode == 1  # nobody can be asked here
    assert stack.run("down", "--clean", "--yes").returncode == 0
    assert process.wait(10) == 0
    assert not stack.state.data.exists()
    assert stack.state.env_file.exists()
    assert "not running" in stack.run("down").stdout


def test_a_taken_port_is_named_and_nothing_is_left(stack: Stack) -> None:
    other = subprocess.Popen([sys.executable, "-c", SERVER, stack.ports["PORT_WEB"]])
    try:
        assert wait_until(stack.answers, 10)
        refused = stack.run("up")
    finally:
        other.kill()
        other.wait()
    assert refused.returncode == 1
    assert f"pid {other.pid}" in refused.stderr
    assert "PORT_WEB=" in refused.stderr


def test_a_step_that_fails_stops_the_start_and_shows_its_log(stack: Stack) -> None:
    stack.file.write_text(PROCESSES.replace("print('100% done')", "raise SystemExit('no such schema')"))
    began = time.monotonic()
    failed = stack.run("up")
    assert failed.returncode == 1
    assert "first ended with code 1" in failed.stdout
    assert "no such schema" in failed.stdout
    assert time.monotonic() - began < 10


def test_logs_and_doctor_tell_of_a_running_stack(stack: Stack) -> None:
    process = stack.up()
    assert "100% done" in stack.run("logs", "first").stdout
    findings = json.loads(stack.run("doctor", "--json").stdout)
    verdicts = {finding["name"]: finding["verdict"] for finding in findings}
    assert verdicts["web"] == verdicts["first"] == verdicts["groat.env"] == "ok"
    stack.end(process)


def _settings(stack: Stack) -> dict[str, str]:
    lines = stack.state.env_file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
