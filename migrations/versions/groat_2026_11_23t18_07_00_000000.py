"""Add instruments over time: symbols, revisions, index memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.runner import run_sql

if TYPE_CHECKING:
    from piccolo.engine.postgres import PostgresEngine

ID = "2026-11-23T18:07:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "instruments over time"
FILES = ("0007_instruments_over_time",)


async def forwards(engine: PostgresEngine) -> MigrationManager:
    """Run the SQL files."""
    manager = MigrationManager(migration_id=ID, app_name="groat", description=DESCRIPTION)

    async def run() -> None:
        await run_sql(engine, *FILES)

    manager.add_raw(run)
    return manager
