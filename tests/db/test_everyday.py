"""Piccolo's pool opens late, survives kills, and never waits for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.db.everyday import Everyday
from app.db.instruments import Instruments
from app.domain.errors import DependencyDownError
from app.ports.reads import InstrumentQuery
from app.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
PAGE = InstrumentQuery(after=None, limit=10)
OURS = "application_name = 'groat-test-everyday'"


@pytest.fixture
async def everyday(database_url: str) -> AsyncIterator[Everyday]:
    everyday = Everyday(DatabaseSettings(url=database_url), name="test")
    yield everyday
    await everyday.close()


def connections(market: Market) -> int:
    row = market.connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS}").fetchone()  # noqa: S608  our own constant
    assert row is not None
    return int(row[0])


async def test_nothing_opens_before_the_first_query_and_the_pool_is_small(everyday: Everyday, market: Market) -> None:
    assert connections(market) == 0
    market.instrument("AAPL")
    store = Instruments(everyday)
    pages = await asyncio.gather(*(store.page(PAGE) for _ in range(20)))
    assert {page[0].symbol for page in pages} == {"AAPL"}
    assert 1 <= connections(market) <= 2


async def test_killed_connections_are_replaced(everyday: Everyday, market: Market) -> None:
    store = Instruments(everyday)
    assert await store.page(PAGE) == []
    market.connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")  # noqa: S608  our own constant
    await asyncio.sleep(0.2)
    assert await store.page(PAGE) == []


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/none", "postgresql://nobody:x@127.0.0.1:1/none?sslmode=off"])
async def test_a_database_that_is_away_is_named(url: str) -> None:
    everyday = Everyday(DatabaseSettings(url=url), name="test")
    with pytest.raises(DependencyDownError, match="PostgreSQL does not answer"):
        await Instruments(everyday).page(PAGE)
    await everyday.close()
