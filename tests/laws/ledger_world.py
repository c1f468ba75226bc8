"""A provider, hosts with clocks of their own, and a PostgreSQL whose time is set by hand."""

import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from app.db import quota_sql as sql
from app.domain.quotas import Window
from app.replay import allowance as replay
from tests.laws.ledger_model import Asking

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# The ledger's only way to read the server's time, put under the test's control.
SET_TIME = """
CREATE OR REPLACE FUNCTION groat_server_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT '2026-01-01 00:00:00+00'::timestamptz + current_setting('groat.test_us')::bigint * interval '1 microsecond'
$$
"""


def moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


@dataclass
class Counter:
    """The provider's own count of one window: of all calls, or of those of a class."""

    window: Window
    count: replay.RollingCount

    @classmethod
    def of(cls, window: Window) -> "Counter":
        return cls(window, replay.RollingCount(replay.Window("test", window.span_us, window.max_calls)))


class Server:
    """Several processes' connections to one database; each is made anew after it was killed."""

    def __init__(self, url: str, processes: int) -> None:
        self.url = url
        self.control = psycopg.connect(url, autocommit=True)
        self.control.execute(SET_TIME)
        self.connections: list[psycopg.Connection[Any] | None] = [None] * processes

    def close(self) -> None:
        for connection in (self.control, *self.connections):
            if connection is not None:
                connection.close()

    def connection(self, process: int) -> psycopg.Connection[Any]:
        found = self.connections[process]
        if found is None:
            found = self.connections[process] = psycopg.connect(self.url, autocommit=True)
        return found

    def kill(self, process: int) -> None:
        """The process dies: its connection breaks, and what it knew is gone."""
        found = self.connections[process]
        if found is not None:
            self.connections[process] = None
            self.control.execute("SELECT pg_terminate_backend(%s)", [found.info.backend_pid])
            found.close()

    def kill_in_line(self, process: int, statement: str, by: Asking, name: str) -> None:
        """The process dies while it waits for the lock of that allowance."""
        pid = self.connection(process).info.backend_pid

        def ask() -> None:
            with suppress(psycopg.Error):
                self.run(process, statement, by, id=name, purpose="test", **{"class": "interactive"})

        waiting = threading.Thread(target=ask)
        with self.control.transaction():
            self.control.execute("SELECT FROM allowances WHERE id = %s FOR NO KEY UPDATE", [name])
            waiting.start()
            stuck = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
            while not self.control.execute(stuck, [pid]).rowcount:
                time.sleep(0.001)
            self.control.execute("SELECT pg_terminate_backend(%s)", [pid])
        waiting.join()
        self.kill(process)

    def declare(self, windows: Sequence[Window], hold_us: int, tol_us: int) -> str:
        name = secrets.token_hex(8)
        self.control.execute(sql.DECLARE, [name, "p", hold_us])
        self.control.execute("UPDATE allowances SET tol_us = %s WHERE id = %s", [tol_us, name])
        for window in windows:
            self.control.execute(sql.DECLARE_WINDOW, [name, window.only or "any", window.span_us, window.max_calls])
        return name

    def run(self, process: int, statement: str, by: Asking, **values: object) -> Any:
        """Run a statement of the ledger at the asker's time; its first row, if it has one."""
        connection = self.connection(process)
        connection.execute("SELECT set_config('groat.test_us', %s, false)", [str(by.server)])
        told = None if by.told is None else moment(by.told)
        asked = {"clock": by.clock, "now": by.now, "told": told, "speed": 1.0, **values}
        cursor = connection.execute(statement, asked)
        return cursor.fetchone() if cursor.description else None
