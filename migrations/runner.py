"""Bring a database forward, one runner at a time, each migration and its record in one transaction.

Piccolo's own runner records a migration after committing it; a crash in between would run it twice. It also
takes no lock, so two containers that start together would race.
"""

from __future__ import annotations

import asyncio
import importlib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import asyncpg
from piccolo.apps.migrations.tables import Migration
from piccolo.engine.postgres import PostgresEngine

from app.domain.errors import DependencyDownError, GroatError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import ModuleType

APP = "groat"
# Any constant will do, as long as nothing else in this database uses it.
LOCK_KEY = 0x67726F6174
SQL = Path(__file__).parent / "sql"
VERSIONS = Path(__file__).parent / "versions"

Tier = Literal["plain", "timescale-apache", "timescale-community"]


class MigrationError(GroatError):
    """The database could not be brought forward."""

    code = "migration"


async def run_sql(engine: PostgresEngine, *names: str) -> None:
    """Run SQL files, many statements each, in the engine's open transaction."""
    transaction = engine.current_transaction.get()
    if transaction is None:
        message = "A migration must run inside the runner's transaction: use `groat migrate`."
        raise MigrationError(message)
    for name in names:
        await transaction.connection.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def modules() -> list[ModuleType]:
    """Return every migration, oldest first."""
    names = sorted(path.stem for path in VERSIONS.glob("groat_*.py"))
    found = [importlib.import_module(f"migrations.versions.{name}") for name in names]
    return sorted(found, key=lambda module: str(module.ID))


async def migrate(url: str, say: Callable[[str], None]) -> list[str]:
    """Run what has not been run yet and return its ids; waits while another process migrates.

    Raises DependencyDownError when the database does not answer, MigrationError when a migration fails (it
    is then rolled back whole).
    """
    async with advisory_lock(url, say):
        engine = PostgresEngine(config={"dsn": url}, extensions=())
        for table in (Migration,):
            table._meta._db = engine  # noqa: SLF001  Piccolo's documented way needs PICCOLO_CONF in the environment
        await Migration.create_table(if_not_exists=True)
        ran = set(await Migration.get_migrations_which_ran(app_name=APP))
        done = []
        for module in modules():
            if module.ID not in ran:
                await forward(engine, module)
                say(f"{module.ID}  {module.DESCRIPTION}")
                done.append(str(module.ID))
    return done


async def forward(engine: PostgresEngine, module: ModuleType) -> None:
    """Run one migration and record it, in one transaction."""
    try:
        async with engine.transaction():
            manager = await module.forwards(engine)
            manager.wrap_in_transaction = False
            for raw in manager.raw:
                await raw()
            await Migration.insert().add(Migration(name=module.ID, app_name=APP))
    except asyncpg.PostgresError as e:
        message = f"Migration {module.ID} ({module.DESCRIPTION}) failed and was rolled back: {e}"
        raise MigrationError(message) from e


@asynccontextmanager
async def advisory_lock(url: str, say: Callable[[str], None]) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Hold the migration lock on a connection of its own."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as e:
        message = f"The database does not answer ({e}): is it running, and is DATABASE_URL right?"
        raise DependencyDownError(message) from e
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
            say("another process is migrating: waiting for it")
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        yield connection
    finally:
        await connection.close()


async def tier(url: str) -> Tier:
    """Detect what the database can do."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"):
            return "plain"
        licence = await connection.fetchval("SELECT current_setting('timescaledb.license', true)")
        return "timescale-community" if licence == "timescale" else "timescale-apache"
    finally:
        await connection.close()


def main(url: str) -> list[str]:
    """Migrate from synchronous code, printing what was done."""
    return asyncio.run(migrate(url, say=print))
