"""Run the replay market inside a test: a real server on a free port, in a thread of its own."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import httpx
import msgspec

from app.clock import ReplayClock, boot_us
from app.domain.market_time import Timeline
from app.replay.counter import Audit
from app.replay.main import DIALECTS, ReplayConfig, create_app, serve
from app.replay.misbehaviour.rules import Rule, RuleCount
from app.replay.polygon.dialect import BASIC
from ops.local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports.clock import Clock
    from app.replay.wire import WireServer

KEY = "replay-test-key"
OPENING = datetime(2010, 4, 26, 12, 0, tzinfo=UTC)


class ReplayHandle:
    """A running replay market: its address, its clock and its own count of what it was asked."""

    def __init__(self, url: str, clock: Clock, key: str) -> None:
        self.url = url
        self.clock = clock
        self.key = key

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to carry."""
        return {"Authorization": f"Bearer {self.key}"}

    def audits(self) -> dict[str, Audit]:
        """Return the replay's own counts, by dialect."""
        reply = httpx.get(f"{self.url}/replay/audit")
        return {one.dialect: one for one in msgspec.json.decode(reply.content, type=list[Audit])}

    def audit(self, dialect: str = "polygon") -> Audit:
        """Return the replay's own count of one dialect."""
        return self.audits()[dialect]

    def peak(self) -> int:
        """Return the most requests that any rolling window of Polygon's has held."""
        return max(window.peak for window in self.audit().windows)

    def overruns(self) -> list[str]:
        """Return every window of any dialect that held more than its plan allows."""
        return [
            f"{audit.dialect} {window.window}: {window.peak} of {window.limit}"
            for audit in self.audits().values()
            for window in audit.windows
            if window.peak > window.limit
        ]

    def misbehave(self, **rule: object) -> None:
        """Put a rule of misbehaviour in force."""
        asked = msgspec.convert(rule, Rule)
        httpx.post(f"{self.url}/replay/misbehave", content=msgspec.json.encode(asked)).raise_for_status()

    def behave(self) -> list[RuleCount]:
        """Drop the rules; return what they did."""
        return msgspec.json.decode(httpx.delete(f"{self.url}/replay/misbehave").content, type=list[RuleCount])


class ServerThread:
    """The server's event loop in a thread; it is stopped and joined at the end."""

    def __init__(self, config: ReplayConfig, clock: Clock, port: int) -> None:
        self._app = create_app(config, clock)
        self._port = port
        self._server: WireServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="replay", daemon=True)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await serve(self._app, "127.0.0.1", self._port, started=self._keep)

    def _keep(self, server: WireServer) -> None:
        self._server = server

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for_port(self._port)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(timeout=10)
        assert not self._thread.is_alive(), "the replay's server did not stop"


def wait_for_port(port: int) -> None:
    """Wait until something listens; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    message = f"the replay does not listen on port {port}"
    raise AssertionError(message)


@contextmanager
def running_replay(  # noqa: PLR0913  each is a dimension that tests vary
    *,
    dataset: str = "sp500",
    speed: float = 1.0,
    market_at: datetime = OPENING,
    market_until: datetime | None = None,
    keys: frozenset[str] = frozenset({KEY}),
    history_years: int = BASIC.history_years,
    misbehaviour: tuple[Rule, ...] = (),
    clock: Clock | None = None,
) -> Iterator[ReplayHandle]:
    """Run a replay market whose clock stands at `market_at` now and runs at `speed`.

    A `clock` of the test's own takes the place of that one; every dialect accepts the same keys.
    """
    timeline = Timeline(anchor_boot_us=boot_us(), market_at=market_at, speed=speed, market_until=market_until)
    used = clock or ReplayClock(timeline, secrets.token_hex(4))
    config = ReplayConfig(
        dataset=dataset,
        keys=dict.fromkeys(DIALECTS, keys),
        history_years=history_years,
        misbehaviour=misbehaviour,
        market_until=market_until,
    )
    port = free_port()
    with ServerThread(config, used, port):
        yield ReplayHandle(f"http://127.0.0.1:{port}", used, min(keys, default=""))
