"""A whole Groat on free ports: real servers, real processes, the replay market; each part can be killed."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import psycopg

from app.clock import boot_id, boot_us
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from ops.local.valkey import LocalValkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from ops.local.prefix import Binaries

GROAT = [sys.executable, "-c", "from app.cli import main; main()"]
OPENING = "2010-04-26T09:30:00-04:00"


class GroatStack:
    """Every process of Groat as a child of the test. Use it as a context manager.

    `speed` is the replay's; `history_from` narrows how much there is to backfill.
    """

    def __init__(
        self,
        binaries: Binaries,
        folder: Path,
        *,
        speed: float = 5760.0,
        history_from: str = "2009-08-21",
        lease_s: float = 3.0,
    ) -> None:
        """Choose ports and credentials; start nothing."""
        self.folder = folder
        self.postgres = LocalPostgres(binaries, folder / "postgres", free_port(), secrets.token_urlsafe(24))
        self.queue = LocalValkey(binaries, folder / "queue", free_port(), secrets.token_urlsafe(24), "queue")
        self.cache = LocalValkey(binaries, folder / "cache", free_port(), secrets.token_urlsafe(24), "cache")
        self.api_port, self.replay_port = free_port(), free_port()
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.settings = {
            "GROAT_ENV_FILE": "",
            "GROAT_ENVIRONMENT": "test",
            "DATABASE_URL": self.postgres.url("groat"),
            "REDIS_URL": self.queue.url(),
            "GROAT_CACHE_URL": self.cache.url(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "POLYGON_API_KEY": secrets.token_urlsafe(12),
            "GROAT_POLYGON__URL": f"http://127.0.0.1:{self.replay_port}",
            "GROAT_POLYGON__HISTORY_FROM": history_from,
            "GROAT_API__PORT": str(self.api_port),
            "GROAT_REPLAY__PORT": str(self.replay_port),
            "GROAT_CLOCK__MODE": "replay",
            "GROAT_CLOCK__SPEED": str(speed),
            "GROAT_CLOCK__MARKET_AT": OPENING,
            "GROAT_CLOCK__MARKET_UNTIL": "2010-08-21T00:00:00-04:00",
            "GROAT_CLOCK__BOOT_ID": boot_id(),
            "GROAT_CLOCK__RUN": secrets.token_hex(4),
            "GROAT_WORKER__LEASE_S": str(lease_s),
            "GROAT_WORKER__KEEPER_S": "0.3",
            "GROAT_WORKER__RESEND_S": "1",
        }

    def __enter__(self) -> Self:
        """Start the servers, migrate, start the replay market: workers are for the test to start."""
        for server in (self.postgres, self.queue, self.cache):
            server.start()
        self.postgres.ensure_database("groat")
        self.run("migrate")
        self.settings["GROAT_CLOCK__ANCHOR_BOOT_US"] = str(boot_us())
        self.start("replay")
        self.until(lambda: self.audit() is not None, 20, "the replay market answers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, whatever state the test left it in."""
        for name in list(self.children):
            self.kill(name)
        for server in (self.cache, self.queue, self.postgres):
            server.stop()

    @property
    def env(self) -> dict[str, str]:
        """The children's environment: the machine's without any setting of ours, and the stack's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GROAT_", "PORT_"))}  # noqa: TID251  for children
        return {**kept, **self.settings, "TZ": "UTC"}

    def run(self, *words: str) -> str:
        """Run one command of the CLI to its end; fail with its output."""
        done = subprocess.run([*GROAT, *words], env=self.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (
            f"groat {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def start(self, verb: str, name: str | None = None) -> None:
        """Start a long-running command in a process group of its own, logging to `<name>.log`."""
        name = name or verb
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                [*GROAT, verb], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the whole group of a child, and wait for its end."""
        child = self.children.pop(name)
        if child.poll() is None:
            os.killpg(child.pid, number)
        child.wait(40)

    def log(self, name: str) -> str:
        """Return what a child has printed."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def audit(self) -> Any:
        """Return the replay market's own count of requests; None while it does not answer."""
        return self.get(f"http://127.0.0.1:{self.replay_port}/replay/audit")

    def api(self, path: str) -> Any:
        """Return an answer of the API, decoded; None while it does not answer."""
        return self.get(f"http://127.0.0.1:{self.api_port}{path}")

    def get(self, url: str) -> Any:
        """Fetch and decode JSON from loopback; None when nothing answers."""
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310  always our own loopback address
                return json.load(reply)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database; an empty list while it is away."""
        try:
            with psycopg.connect(self.settings["DATABASE_URL"], connect_timeout=3) as connection:
                return connection.execute(query.encode()).fetchall()
        except psycopg.OperationalError:
            return []

    def until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> float:
        """Wait until something holds; return the seconds it took, or fail saying what was waited for."""
        begun = time.monotonic()
        while not holds():
            waited = time.monotonic() - begun
            if waited > timeout_s:
                logs = "\n".join(f"--- {name}\n{self.log(name)[-1500:]}" for name in sorted(self.children))
                message = f"after {waited:.0f} s it still does not hold that {what}\n{logs}"
                raise AssertionError(message)
            time.sleep(0.1)
        return time.monotonic() - begun
