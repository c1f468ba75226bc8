"""Connections for hot reads: few, kept, unchecked, each with its prepared statements.

A pool's check before each use costs a round trip, and its own bookkeeping about as much as a short query.
A lane that turns out to be broken is replaced and the read repeated once instead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from app.db.engine import BUSY, CHECKOUT_S, DOWN, KEEPALIVE
from app.domain.errors import DependencyDownError
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import LiteralString, TypeAlias

    from prometheus_client import Histogram

    from app.settings import DatabaseSettings

    Parameters: TypeAlias = Sequence[str | None] | Callable[[], Sequence[str | None]]

Row = tuple[bytes | None, ...]
Cursor = psycopg.AsyncRawCursor[tuple[object, ...]]
# For reads of a range: TimescaleDB weighs at each execution which chunks it can leave out. That costs more than to look
# into every chunk's index. (The latest bars of many instruments need the order of chunks that it keeps.)
EVERY_CHUNK = "-c timescaledb.enable_chunk_append=off"
TOO_LONG = "The database took too long over this read: ask for less."


class Lanes:
    """A process's connections for hot reads. They open when first needed, in the running event loop."""

    def __init__(self, settings: DatabaseSettings, *, name: str, planner: str = "") -> None:
        """Prepare, but open nothing: a third of the pool's size, two at least.

        `planner` is further settings of its sessions, as ``-c name=value``.
        """
        self.size = max(2, ceil(settings.pool_max / 3))
        self.url = settings.url
        self.options: dict[str, str | int] = {
            **KEEPALIVE,
            "application_name": f"groat-{name}-reads",
            "connect_timeout": 5,
            "options": (
                "-c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on "
                # Planning over many chunks costs more than reading; left alone, PostgreSQL plans each time.
                "-c plan_cache_mode=force_generic_plan "
                f"-c statement_timeout={int(settings.statement_timeout_s * 1000)} {planner}"
            ),
        }
        self.idle: list[Cursor] = []
        self.open = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.timers: dict[str, Histogram] = {}

    @property
    def has_room(self) -> bool:
        """Tell whether a read would be sent at once."""
        return bool(self.idle) or self.open < self.size

    async def rows(self, kind: str, sql: LiteralString, params: Parameters) -> list[Row]:
        """Run one prepared statement (``$1`` ...) and return its values as the server's own bytes.

        Every parameter goes as text, and every column must be text or bytea; a function is asked for them when a lane
        is there. `kind` labels the duration metric.
        Raises DependencyDownError when the database is away or all lanes are taken for too long.
        """
        started = perf_counter()
        try:
            return await self.attempt(sql, params)
        except psycopg.OperationalError as first:
            if isinstance(first, psycopg.errors.QueryCanceled):
                raise DependencyDownError(TOO_LONG) from first
            await self.drop_idle()
        finally:
            self.timer(kind).observe(perf_counter() - started)
        try:
            return await self.attempt(sql, params)
        except psycopg.OperationalError as second:
            raise DependencyDownError(DOWN) from second

    async def attempt(self, sql: LiteralString, params: Parameters) -> list[Row]:
        """Run the statement on a free lane, and give the lane back only when it is sound."""
        cursor = await self.take()
        try:
            given = params() if callable(params) else params
            await cursor.execute(sql, given, prepare=True, binary=True)
            result = cursor.pgresult
            if result is None:
                return []
            value, fields = result.get_value, range(result.nfields)
            return [tuple([value(row, field) for field in fields]) for row in range(result.ntuples)]
        finally:
            await self.give_back(cursor)

    async def take(self) -> Cursor:
        """Return an idle lane, a new one while there are fewer than `size`, or wait for one."""
        deadline = None
        while True:
            if self.idle:
                return self.idle.pop()
            if self.open < self.size:
                return await self.connect()
            loop = asyncio.get_running_loop()
            deadline = deadline or loop.time() + CHECKOUT_S
            turn = loop.create_future()
            self.waiting.append(turn)
            try:
                async with asyncio.timeout_at(deadline):
                    await turn
            except BaseException as e:
                self.leave_queue(turn)
                if isinstance(e, TimeoutError):
                    raise DependencyDownError(BUSY) from e
                raise

    async def connect(self) -> Cursor:
        """Open one more lane."""
        self.open += 1
        try:
            where = make_conninfo(self.url, **self.options)
            connection = await psycopg.AsyncConnection.connect(where, autocommit=True)
        except psycopg.ProgrammingError as e:
            self.open -= 1
            raise DependencyDownError(DOWN) from e
        except BaseException:
            self.open -= 1
            self.wake()
            raise
        return psycopg.AsyncRawCursor(connection)

    async def give_back(self, cursor: Cursor) -> None:
        """Keep a lane that is sound, forget one that is not."""
        connection = cursor.connection
        if connection.closed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            self.open -= 1
            await connection.close()
        else:
            self.idle.append(cursor)
        self.wake()

    def wake(self) -> None:
        """Let the reader that has waited longest look again."""
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def leave_queue(self, turn: asyncio.Future[None]) -> None:
        """Stop waiting; a turn that came in the same moment is passed on."""
        if turn in self.waiting:
            self.waiting.remove(turn)
        elif turn.done() and not turn.cancelled():
            self.wake()

    async def drop_idle(self) -> None:
        """Forget the idle lanes: when one broke, the others did too, most likely."""
        while self.idle:
            self.open -= 1
            await self.idle.pop().connection.close()

    def timer(self, kind: str) -> Histogram:
        """Return the duration metric of a kind of query, its label applied once."""
        if kind not in self.timers:
            self.timers[kind] = metrics.DB_QUERY_DURATION.labels(kind)
        return self.timers[kind]

    async def close(self) -> None:
        """Close the idle lanes; a read under way closes its own."""
        self.size = 0
        await self.drop_idle()


def array_literal(values: Sequence[str]) -> str:
    """Write a text[] as PostgreSQL reads it, whatever the values hold (NUL is refused by the driver)."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
