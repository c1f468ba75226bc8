"""GET /api/quotes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.api.test_bars import Reads, reads_of
from tests.db.market import bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url) as reads:
        market = reads.market
        market.bars(market.instrument("OLD"), [bar("1999-12-30", 4.0), bar("1999-12-31", 5.0)])
        market.bars(market.instrument("ONE"), [bar("2010-04-26", 7.0, 3.0)])
        market.instrument("NEW")
        split = market.instrument("AAPL")
        market.bars(split, [bar("2005-02-25", 88.99), bar("2005-02-28", 44.86)])
        market.split(split, date(2005, 2, 28), (1, 2), provider="one")
        market.split(split, date(2005, 2, 28), (1, 2), provider="two")
        market.split(split, date(2005, 2, 25), (1, 7))
        yield reads


async def test_quotes_come_in_the_order_asked_with_their_change(reads: Reads) -> None:
    answer = await reads.json("/api/quotes?symbols=ONE,nope,AAPL,NEW,OLD")
    assert [quote["symbol"] for quote in answer["quotes"]] == ["ONE", "AAPL", "OLD"]
    assert answer["unknown"] == ["nope"]
    assert answer["without_bars"] == ["NEW"]
    one, split, old = answer["quotes"]
    assert one == {
        "symbol": "ONE",
        "session": "2010-04-26",
        "open": 7,
        "high": 8.75,
        "low": 5.25,
        "close": 7,
        "volume": 3,
        "previous_close": None,
        "change": None,
        "change_percent": None,
    }
    assert (old["previous_close"], old["change"], old["change_percent"]) == (4, 1, 25)
    assert (split["previous_close"], split["change"]) == (44.495, 0.365)
    assert split["change_percent"] == pytest.approx(0.8203)


async def test_the_latest_bar_shows_at_once(reads: Reads) -> None:
    first = await reads.get("/api/quotes?symbols=ONE")
    assert (await reads.get("/api/quotes?symbols=ONE", if_none_match=first.headers["etag"])).status_code == 304
    number = reads.market.instrument("TWO")
    reads.market.bars(number, [bar("2010-04-27", 9.0)])
    assert (await reads.get("/api/quotes?symbols=TWO")).json()["quotes"][0]["close"] == 9


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("symbols=nope", 404),
        ("symbols=", 400),
        ("symbols=%20,", 422),
        ("symbols=" + ",".join(f"S{i}" for i in range(501)), 422),
        ("symbols=" + "x" * 8001, 400),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/quotes?{query}")).status_code == status


async def test_five_hundred_symbols_fit(reads: Reads) -> None:
    for number in range(500):
        reads.market.connection.execute(
            "INSERT INTO instruments (symbol, provider, known_at, changed_at) VALUES (%s, 'test', now(), now())",
            (f"S{number}",),
        )
    answer = await reads.json("/api/quotes?symbols=" + ",".join(f"S{i}" for i in range(500)))
    assert len(answer["without_bars"]) == 500
