"""Look whether PostgreSQL is there, has this program's schema, and whether the schedule was kept lately."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import PoolTimeout

from app.db.engine import DOWN
from app.domain.errors import DependencyDownError
from app.ports.health import Finding

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.ports.pipelines import Pipelines

# The newest migration that this program needs; a test holds it to the migrations.
SCHEMA = "2026-11-23T18:08:00:000000"
CHECKOUT_S = 0.8
STALE_AFTER = 10
LEAST_STALE_S = 15.0


class PostgresCheck:
    """Whether PostgreSQL answers a query."""

    name = "postgres"
    essential = True

    def __init__(self, database: Database) -> None:
        """Ask through the process's own pool: what it cannot give, no request gets either."""
        self.database = database

    async def look(self) -> Finding:
        """Run the smallest query. A pool with no connection to spare is busy, not down."""
        started = perf_counter()
        try:
            async with self.database.pool.connection(timeout=CHECKOUT_S) as connection:
                await connection.execute("SELECT 1")
        except PoolTimeout:
            if self.database.is_full():
                return Finding(state="busy", detail=f"all {self.database.pool.max_size} connections are in use")
            raise DependencyDownError(DOWN) from None
        except psycopg.OperationalError as e:
            raise DependencyDownError(DOWN) from e
        return Finding(state="up", latency_ms=round((perf_counter() - started) * 1_000, 2))


class SchemaCheck:
    """Whether the database has the schema that this program was written for."""

    name = "schema"
    essential = True

    def __init__(self, database: Database) -> None:
        """Ask through the process's pool, until the answer was yes once: a schema does not go away."""
        self.database = database
        self.seen = False

    async def look(self) -> Finding:
        """Look for this program's migration among those that ran."""
        if not self.seen:
            try:
                async with self.database.pool.connection(timeout=CHECKOUT_S) as connection:
                    cursor = await connection.execute("SELECT 1 FROM migration WHERE name = %s", [SCHEMA])
                    self.seen = await cursor.fetchone() is not None
            except psycopg.errors.UndefinedTable:
                self.seen = False
            except (PoolTimeout, psycopg.OperationalError) as e:
                raise DependencyDownError(DOWN) from e
        if not self.seen:
            return Finding(state="down", detail="The schema is older than this program: run `groat migrate`.")
        return Finding(state="up")


class KeeperCheck:
    """Whether the schedule was kept lately."""

    name = "keeper"
    essential = False

    def __init__(self, pipelines: Pipelines, every_s: float) -> None:
        """Take it as stale after ten turns, 15 seconds at least."""
        self.pipelines = pipelines
        self.stale_s = max(LEAST_STALE_S, STALE_AFTER * every_s)

    async def look(self) -> Finding:
        """Ask when the keeper was last seen."""
        age_s = (await self.pipelines.keeper()).age_s
        if age_s is None:
            return Finding(state="down", detail="No scheduler has run yet: `groat schedule` starts it.")
        age_s = round(age_s, 1)
        if age_s > self.stale_s:
            return Finding(state="stale", age_s=age_s, detail="The scheduler has not been seen: is it running?")
        return Finding(state="up", age_s=age_s)
