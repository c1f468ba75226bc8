"""The pool: what it says when it has nothing to give."""

from __future__ import annotations

import pytest

from app.db.engine import Database
from app.db.health import PostgresCheck
from app.domain.errors import DependencyDownError
from app.settings import DatabaseSettings

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


async def test_a_full_pool_is_told_from_a_database_that_is_away(database_url: str) -> None:
    database = Database(DatabaseSettings(url=database_url, pool_max=1), name="test", checkout_s=0.3)
    await database.open()
    try:
        async with database.connection():
            with pytest.raises(DependencyDownError, match="in use"):
                async with database.connection():
                    pass
            assert (await PostgresCheck(database).look()).state == "busy"
        assert (await PostgresCheck(database).look()).state == "up"
    finally:
        await database.close()


async def test_a_database_that_is_away_is_named() -> None:
    database = Database(DatabaseSettings(url="postgresql://127.0.0.1:1/none"), name="test", checkout_s=0.3)
    await database.open()
    try:
        with pytest.raises(DependencyDownError, match="DATABASE_URL"):
            async with database.connection():
                pass
    finally:
        await database.close()
