"""What the ledger has granted survives the death of PostgreSQL."""

import asyncio
import secrets
from pathlib import Path

import psycopg
import pytest

from app.db.engine import Database
from app.db.quota_ledger import PostgresLedger
from app.domain.quotas import Allowance, Permit, Window
from app.settings import DatabaseSettings
from migrations.runner import migrate
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from ops.local.prefix import Binaries
from tests.fakes.clocks import ManualClock

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

MANY = Allowance(id="many", provider="p", windows=(Window(max_calls=1_000_000, span_s=60),), hold_us=1)


async def granted(url: str) -> set[int]:
    """Reserve from eight sides until the server is gone; return what was granted."""
    database = Database(DatabaseSettings(url=url, pool_max=8), name="test", checkout_s=1)
    await database.open()
    ledger, found = PostgresLedger(database, ManualClock()), set()
    # Nobody else's waiting hides a commit that is not on disk.
    async with database.connection() as connection:
        await connection.execute("ALTER DATABASE groat SET synchronous_commit = off")

    async def ask() -> None:
        while True:
            answer = await ledger.reserve(MANY, "test")
            assert isinstance(answer, Permit)
            found.add(answer.call_id)

    await asyncio.gather(*(ask() for _ in range(8)), return_exceptions=True)
    await database.close()
    return found


async def test_no_granted_call_is_forgotten_when_postgresql_is_killed(binaries: Binaries, tmp_path: Path) -> None:
    with LocalPostgres(binaries, tmp_path / "data", free_port(), secrets.token_urlsafe(24)) as server:
        server.ensure_database("groat")
        url = server.url("groat")
        await migrate(url, say=lambda _: None)
        told: set[int] = set()
        for _ in range(2):
            asking = asyncio.create_task(granted(url))
            await asyncio.sleep(1.5)
            await asyncio.to_thread(server.stop, "immediate")
            told |= await asking
            await asyncio.to_thread(server.start)
        with psycopg.connect(url) as connection:
            kept = {number for (number,) in connection.execute("SELECT id FROM provider_calls")}
        assert len(told) > 50
        assert told <= kept
