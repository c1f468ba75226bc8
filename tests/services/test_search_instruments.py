"""Search is current: in memory only what the dataset's version says is still so."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from app.db.lanes import Lanes
from app.db.search import Search
from app.db.watermarks import Watermarks
from app.services.search_instruments import InstrumentSearch
from app.settings import DatabaseSettings
from tests.db.market import Market

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
def market(database_url: str) -> Iterator[Market]:
    market = Market(database_url)
    for symbol, name in {"AAPL": "Apple Inc.", "NESN": "Nestlé S.A.", "XOM": "Exxon Mobil", "ENE": "New\nLine"}.items():
        market.instrument(symbol, name)
    yield market
    market.close()


@pytest.fixture
async def search(database_url: str) -> AsyncIterator[InstrumentSearch]:
    lanes = Lanes(DatabaseSettings(url=database_url, pool_max=4), name="test")
    search = InstrumentSearch(Search(lanes), Watermarks(lanes), lambda: None)
    yield search
    await search.close()
    await lanes.close()


async def symbols(search: InstrumentSearch, text: str) -> list[str]:
    return [json.loads(item)["symbol"] for item in await search.find(text, 10)]


async def loaded(search: InstrumentSearch) -> None:
    await search.find("a", 1)
    assert search.loading is not None
    await search.loading


@pytest.mark.parametrize("in_memory", [False, True])
async def test_both_searches_find_what_is_meant(market: Market, search: InstrumentSearch, *, in_memory: bool) -> None:
    if in_memory:
        await loaded(search)
        assert search.table is not None
        assert search.table.version == 4
    for text, first in {"AAPL": "AAPL", "aap": "AAPL", "appl": "AAPL", "exxn": "XOM", "nestle": "NESN"}.items():
        assert (await symbols(search, text))[:1] == [first], text
    for text in ("%", "_", "\\", "'; --", "' | q:*", "&", "😀", "q" * 100, "(", "<->"):
        assert await symbols(search, text) == [], text
    assert (await symbols(search, "line"))[0] == "ENE"
    assert market.connection.execute("SELECT count(*) FROM instruments").fetchone() == (4,)


@pytest.mark.parametrize("in_memory", [False, True])
async def test_shares_come_before_trusts_and_old_names_are_found(
    market: Market, search: InstrumentSearch, *, in_memory: bool
) -> None:
    market.instrument("GJR", "STRATS(SM) Trust for Procter & Gamble Securities")
    market.instrument("BACpB", "Bank of America Corp")
    for symbol, name in {"PG": "Procter & Gamble", "BAC": "Bank of America Corp", "FB": "Facebook, Inc."}.items():
        number = market.instrument(symbol, name)
        market.connection.execute("UPDATE instruments SET type = 'CS' WHERE id = %s", (number,))
    market.connection.execute(
        "UPDATE instruments SET symbol = 'META', name = 'Meta Platforms, Inc.', changed_at = now() WHERE symbol = 'FB'"
    )
    market.move("instruments")
    if in_memory:
        await loaded(search)
    assert (await symbols(search, "procter"))[:2] == ["PG", "GJR"]
    assert (await symbols(search, "bank of america"))[:2] == ["BAC", "BACpB"]
    assert (await symbols(search, "fb"))[0] == "META"
    assert (await symbols(search, "facebook"))[0] == "META"


async def test_a_new_instrument_is_found_at_once_and_soon_in_memory(market: Market, search: InstrumentSearch) -> None:
    await loaded(search)
    market.instrument("NVDA", "Nvidia")
    assert await symbols(search, "nvidia") == ["NVDA"]
    await loaded(search)
    assert search.table is not None
    assert search.table.version == 5
    assert await symbols(search, "nvidia") == ["NVDA"]


async def test_many_searchers_load_once(market: Market, search: InstrumentSearch) -> None:
    del market
    await asyncio.gather(*(symbols(search, "apple") for _ in range(20)))
    first = search.loading
    await loaded(search)
    assert search.loading is first
