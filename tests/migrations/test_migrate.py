"""Migrations on real servers: forward, again, raced, failed half-way, on data."""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING

import asyncpg
import pytest
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.domain.errors import DependencyDownError
from migrations import runner
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from piccolo.engine.postgres import PostgresEngine

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


def quiet(_: str) -> None:
    """Say nothing."""


async def test_a_fresh_database_is_brought_forward_once(fresh_database: str) -> None:
    first = await runner.migrate(fresh_database, quiet)
    again = await runner.migrate(fresh_database, quiet)
    assert first == [str(module.ID) for module in runner.modules()]
    assert again == []


async def test_racing_migrations_run_each_step_once(fresh_database: str) -> None:
    said: list[str] = []
    done = await asyncio.gather(*(runner.migrate(fresh_database, said.append) for _ in range(4)))
    assert sorted(len(ids) for ids in done) == [0, 0, 0, len(runner.modules())]
    assert "another process is migrating: waiting for it" in said


async def test_a_failing_migration_leaves_nothing_behind(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await runner.migrate(fresh_database, quiet)
    broken = types.ModuleType("broken")
    broken.ID = "2999-01-01T00:00:00:000000"  # type: ignore[attr-defined]  # modules are open
    broken.DESCRIPTION = "breaks half-way"  # type: ignore[attr-defined]  # modules are open

    async def forwards(engine: PostgresEngine) -> MigrationManager:
        manager = MigrationManager(migration_id="broken", app_name=runner.APP)

        async def run() -> None:
            transaction = engine.current_transaction.get()
            assert transaction is not None
            await transaction.connection.execute("CREATE TABLE half (x int); SELECT 1/0")

        manager.add_raw(run)
        return manager

    broken.forwards = forwards  # type: ignore[attr-defined]  # modules are open
    monkeypatch.setattr(runner, "modules", lambda: [broken])
    with pytest.raises(runner.MigrationError, match="rolled back"):
        await runner.migrate(fresh_database, quiet)
    connection = await asyncpg.connect(fresh_database)
    try:
        assert await connection.fetchval("SELECT to_regclass('half')") is None
        assert await connection.fetchval("SELECT count(*) FROM migration WHERE name LIKE '2999%'") == 0
    finally:
        await connection.close()


class PlainPostgres(LocalPostgres):
    """The same server without its preloaded libraries: the plain tier."""

    def command(self) -> list[str]:
        return [*super().command(), "-c", "shared_preload_libraries="]


async def test_the_plain_tier_has_the_same_schema(binaries: Binaries, tmp_path: Path, database_url: str) -> None:
    with PlainPostgres(binaries, tmp_path / "data", free_port(), "plain-tier-password") as server:
        server.ensure_database("plain")
        url = server.url("plain")
        await runner.migrate(url, quiet)
        assert await runner.tier(url) == "plain"
        assert await columns(url) == await columns(database_url)


async def columns(url: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name NOT LIKE 'pg_stat%' ORDER BY 1, 2"
        )
        return [tuple(row.values()) for row in rows]
    finally:
        await connection.close()


async def test_bars_are_a_hypertable_where_the_server_has_timescaledb(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        if await runner.tier(database_url) == "plain":
            assert await connection.fetchval("SELECT to_regclass('bars_daily')") is not None
        else:
            names = await connection.fetch("SELECT hypertable_name FROM timescaledb_information.hypertables")
            assert "bars_daily" in {row["hypertable_name"] for row in names}
    finally:
        await connection.close()


async def test_a_database_that_is_away_is_said_in_one_line() -> None:
    with pytest.raises(DependencyDownError, match="does not answer"):
        await runner.migrate("postgresql://nobody@127.0.0.1:1/none", quiet)
