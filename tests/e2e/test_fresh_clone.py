"""A stranger's first five minutes: clone, one command, watch the market, stop, start again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from ops.local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(420)]

CHECKOUT = Path(__file__).parents[2]
PORTS = ("API", "REPLAY", "POSTGRES", "VALKEY_QUEUE", "VALKEY_CACHE")
# Real sessions of the bundled data before the market opens on 2010-04-26: the package lacks six of the calendar's 169.
BEFORE_OPENING = 163


class Started:
    """`ops/start.sh` in a clone, as in a terminal: its output, and the API's answers."""

    def __init__(self, clone: Path, ports: dict[str, str]) -> None:
        """Name the clone and where its processes listen."""
        self.clone = clone
        self.ports = ports
        self.output = clone.parent / "start.log"

    def __enter__(self) -> Self:
        """Run the command."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GROAT_", "DATABASE_", "REDIS_"))}  # noqa: TID251  a stranger's
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                ["ops/start.sh"], cwd=self.clone, env=kept | self.ports, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Press Ctrl-C, and insist if that does not help."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def said(self) -> str:
        """Return what the command has printed."""
        return self.output.read_text(errors="replace")

    def get(self, path: str) -> Any:
        """Ask the API; None while it does not answer with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['PORT_API']}{path}", timeout=5) as reply:
                return json.load(reply)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until something holds; fail with the command's output."""
        give_up = time.monotonic() + timeout_s
        while not holds():
            ended = self.process.poll()
            if ended is not None or time.monotonic() > give_up:
                message = f"it does not hold that {what} (exit code {ended}):\n{self.said()[-4000:]}"
                raise AssertionError(message)
            time.sleep(0.2)

    def sessions(self, symbol: str, period: str) -> list[str]:
        """Return the sessions of a symbol's bars."""
        found = self.get(f"/api/bars?symbols={symbol}&{period}&adjusted=none")
        return list(found["symbols"][0]["session"]) if found else []


def test_a_fresh_clone_shows_a_living_market(tmp_path: Path) -> None:
    clone = tmp_path / "a clone of groat"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True, timeout=60)
    ports = {f"PORT_{name}": str(free_port()) for name in PORTS}
    with Started(clone, ports) as stack:
        stack.until(lambda: stack.get("/api/health") is not None, 180, "the API is healthy")
        before = "from=2009-08-21&until=2010-04-26"
        stack.until(
            lambda: len(stack.sessions("PG", before)) == BEFORE_OPENING,
            120,
            "every session before the opening are there",
        )
        seen = stack.sessions("PG", "from=2010-04-26&until=2010-09-01")
        stack.until(
            lambda: len(stack.sessions("PG", "from=2010-04-26&until=2010-09-01")) >= len(seen) + 2, 90, "days pass"
        )
        latest = stack.get("/api/quotes?symbols=PG,AAPL,IBM")
        assert {quote["symbol"] for quote in latest["quotes"]} == {"PG", "AAPL", "IBM"}
        for dialect in json.load(urllib.request.urlopen(f"http://127.0.0.1:{ports['PORT_REPLAY']}/replay/audit")):
            assert all(window["peak"] <= window["limit"] for window in dialect["windows"])
        assert re.search(r"http://127\.0\.0\.1:\d+/api/", stack.said())
    assert stack.process.returncode == 0, stack.said()[-2000:]
    with Started(clone, ports) as again:
        again.until(lambda: again.get("/api/health") is not None, 60, "a second start is healthy")
        assert len(again.sessions("PG", before)) == BEFORE_OPENING
    assert again.process.returncode == 0
    for port in ports.values():
        assert not is_listening(int(port)), f"port {port} is still taken after Ctrl-C"


def is_listening(port: int) -> bool:
    """Tell whether something listens on a loopback port."""
    tables = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in tables)
