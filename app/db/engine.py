"""Connections to PostgreSQL: one psycopg pool a process, and the engine that Piccolo's tables use.

psycopg carries what must be quick or exact (COPY, the spine, the ledger, hot reads); Piccolo carries
everyday reads and writes of its tables. Both pools count against `max_connections`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.domain.errors import DependencyDownError
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.settings import DatabaseSettings

Connection = psycopg.AsyncConnection[tuple[object, ...]]
DOWN = "PostgreSQL does not answer: is it running, and is DATABASE_URL right?"
BUSY = "Every connection to PostgreSQL is in use: try again shortly, or raise GROAT_DATABASE__POOL_MAX."
CHECKOUT_S = 10.0
# A peer that vanished without a word is found out within seconds, not within the two hours of the system's default.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
# A process that was stopped or cut off in the middle of a transaction must not hold its locks for ever.
IDLE_S = 30
# The pool waits twice as long after each failure: over five minutes, its default, it would sleep through the
# database's return. After this time the next request tries at once.
RECONNECT_S = 5.0


def is_answer(error: psycopg.Error) -> bool:
    """Tell whether the server is well and has refused this statement, as when it took too long.

    Lost connections, shutdowns, deadlocks, exhausted resources and I/O errors are no answers: ask again later.
    """
    return error.sqlstate is not None and not error.sqlstate.startswith(("08", "40", "53", "55P03", "57P", "58"))


class Database:
    """A process's way to PostgreSQL. Open it once, in the running event loop."""

    def __init__(self, settings: DatabaseSettings, *, name: str, checkout_s: float | None = None) -> None:
        """Prepare, but open nothing.

        `name` is what `pg_stat_activity` shows; `checkout_s` how long to wait for a free connection
        (10 s when not given).
        """
        self.url = settings.url
        self.lent = 0
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.url,
            min_size=1,
            max_size=settings.pool_max,
            timeout=checkout_s or CHECKOUT_S,
            reconnect_timeout=RECONNECT_S,
            open=False,
            check=AsyncConnectionPool.check_connection,
            kwargs={
                "autocommit": True,
                "application_name": f"groat-{name}",
                "connect_timeout": 5,
                **KEEPALIVE,
                "options": f"-c timezone=UTC -c statement_timeout={int(settings.statement_timeout_s * 1000)} "
                f"-c idle_in_transaction_session_timeout={IDLE_S * 1000}",
            },
        )

    async def open(self) -> None:
        """Start the pool; it connects in the background, so a database that is away is no error here."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close()

    def measure(self) -> None:
        """Set the pool's gauges to how it stands."""
        stats = self.pool.get_stats()
        size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
        metrics.DB_POOL.labels("idle").set(idle)
        metrics.DB_POOL.labels("used").set(size - idle)
        metrics.DB_POOL_WAITING.set(stats.get("requests_waiting", 0))

    def is_full(self) -> bool:
        """Tell whether every connection that the pool may have is lent out."""
        return self.lent >= self.pool.max_size

    @asynccontextmanager
    async def connection(self, query_type: str = "other") -> AsyncIterator[Connection]:
        """Lend an autocommit connection; raise DependencyDownError when the database is away.

        `query_type`, one of a few fixed names, is what the time of its use is counted under.
        """
        try:
            async with self.pool.connection() as connection:
                self.lent += 1
                try:
                    with metrics.query(query_type):
                        yield connection
                finally:
                    self.lent -= 1
        except (PoolTimeout, psycopg.OperationalError) as e:
            if is_answer(e):
                raise
            raise DependencyDownError(BUSY if isinstance(e, PoolTimeout) and self.is_full() else DOWN) from e

    @asynccontextmanager
    async def transaction(self, query_type: str = "transaction") -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction that commits at the end, or rolls back on an exception."""
        async with self.connection(query_type) as connection, connection.transaction():
            yield connection
