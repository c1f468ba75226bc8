"""A market to write to, and the stores to read it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.db.engine import Database
from app.db.lanes import Lanes
from app.settings import DatabaseSettings
from tests.db.market import Market

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def market(database_url: str) -> Iterator[Market]:
    market = Market(database_url)
    yield market
    market.close()


@pytest.fixture
async def lanes(database_url: str) -> AsyncIterator[Lanes]:
    lanes = Lanes(DatabaseSettings(url=database_url, pool_max=4), name="test")
    yield lanes
    await lanes.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()
