"""Everyday reads and writes through Piccolo, over a small pool that opens when it is first needed."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from piccolo.engine.postgres import PostgresEngine

from app.db.engine import CHECKOUT_S, DOWN
from app.db.lanes import TOO_LONG
from app.db.tables.facts import TABLES as FACT_TABLES
from app.db.tables.market import TABLES
from app.domain.errors import DependencyDownError
from app.telemetry import metrics

if TYPE_CHECKING:
    from piccolo.query.base import Query

    from app.settings import DatabaseSettings

POOL_MAX: Final = 2
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


class LazyEngine(PostgresEngine):
    """Piccolo's engine, without the connection that it opens to look at the version when it is built."""

    async def check_version(self) -> None:
        """Trust the migrations to have checked."""

    async def prep_database(self) -> None:
        """Leave extensions to the migrations."""


class Everyday:
    """A process's way to Piccolo's tables."""

    def __init__(self, settings: DatabaseSettings, *, name: str) -> None:
        """Prepare, but open nothing."""
        self.settings = settings
        self.name = f"groat-{name}-everyday"
        self.engine: LazyEngine | None = None
        self.opening = asyncio.Lock()

    async def rows(self, kind: str, query: Query[Any, Any]) -> list[dict[str, Any]]:
        """Run a query and return its rows; raise DependencyDownError when the database does not answer in time.

        Piccolo's pool would wait for ever, so the whole query has a limit. `kind` labels the duration metric.
        """
        started = perf_counter()
        try:
            async with asyncio.timeout(CHECKOUT_S + self.settings.statement_timeout_s):
                await self.open()
                found: list[dict[str, Any]] = await query.run()
                return found
        except asyncpg.QueryCanceledError as e:
            raise DependencyDownError(TOO_LONG) from e
        except AWAY as e:
            raise DependencyDownError(DOWN) from e
        finally:
            metrics.DB_QUERY_DURATION.labels(kind).observe(perf_counter() - started)

    async def open(self) -> None:
        """Open the pool once, and give the tables their engine.

        Tables find their engine through a class attribute: one process has one database.
        """
        async with self.opening:
            if self.engine is not None:
                return
            engine = LazyEngine(config={"dsn": self.settings.url}, extensions=())
            await engine.start_connection_pool(
                min_size=0,
                max_size=POOL_MAX,
                timeout=CHECKOUT_S,
                server_settings={
                    "application_name": self.name,
                    "timezone": "UTC",
                    "statement_timeout": str(int(self.settings.statement_timeout_s * 1000)),
                },
            )
            for table in (*TABLES, *FACT_TABLES):
                table._meta._db = engine  # noqa: SLF001  the documented way needs PICCOLO_CONF in the environment
            self.engine = engine

    async def close(self) -> None:
        """Close the pool."""
        if self.engine is not None:
            await self.engine.close_connection_pool()
            self.engine = None
