"""GET /api/quotes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_bars import Reads, reads_of
from tests.db.market import bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
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
        "at": "2010-04-26T20:00:00+00:00",
        "source": "bar",
        "provider": "test",
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


async def test_the_newer_of_bar_and_quote_wins_and_each_can_be_asked_for(reads: Reads) -> None:
    opened, closed = datetime(2010, 4, 26, 13, 31, tzinfo=UTC), datetime(2010, 4, 26, 20, 0, 1, tzinfo=UTC)
    reads.market.quote("ONE", opened, 6.5)
    assert (await one(reads, ""))["source"] == "bar"
    reads.market.quote("ONE", closed, 7.7, previous_close=7.0)
    assert await one(reads, "") == {
        "symbol": "ONE",
        "session": "2010-04-26",
        "open": None,
        "high": None,
        "low": None,
        "close": 7.7,
        "volume": None,
        "previous_close": 7,
        "change": 0.7,
        "change_percent": 10,
        "at": "2010-04-26T20:00:01+00:00",
        "source": "provider",
        "provider": "finnhub",
    }
    assert (await one(reads, "&source=bars"))["close"] == 7
    assert (await one(reads, "&source=providers"))["close"] == 7.7
    answer = await reads.json("/api/quotes?symbols=ONE,NEW,OLD&source=providers")
    assert answer["without_bars"] == ["NEW", "OLD"]
    reads.market.quote("NEW", opened, 3.0)
    assert (await one(reads, "", "NEW"))["previous_close"] is None


async def test_quotes_show_as_they_were_known(reads: Reads) -> None:
    at = datetime(2010, 4, 27, 14, 0, tzinfo=UTC)
    number = reads.market.number("ONE")
    reads.market.bars(number, [bar("2010-04-26", 6.0, 3.0)], at)
    reads.market.quote("ONE", at, 9.0, known_at=at + timedelta(hours=1))
    reads.market.quote("ONE", at, 8.0, known_at=at + timedelta(hours=2))
    asked = [None, *(at + timedelta(minutes=minutes) for minutes in (-1, 0, 59, 60, 119, 120))]
    closes = [
        (await one(reads, "" if when is None else f"&as_of={when:%Y-%m-%dT%H:%M:%SZ}"))["close"] for when in asked
    ]
    assert closes == [8, 7, 6, 6, 9, 9, 8]
    # Before anything was known of it, nobody had the symbol.
    assert (await reads.get("/api/quotes?symbols=AAPL&as_of=1999-01-01")).status_code == 404
    split = (await reads.json("/api/quotes?symbols=AAPL&as_of=2001-01-01"))["quotes"][0]
    assert split["previous_close"] == 44.495


async def one(reads: Reads, query: str, symbol: str = "ONE") -> dict[str, Any]:
    [found] = (await reads.json(f"/api/quotes?symbols={symbol}{query}"))["quotes"]
    return dict(found)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("symbols=nope", 404),
        ("symbols=", 400),
        ("symbols=%20,", 422),
        ("symbols=" + ",".join(f"S{i}" for i in range(501)), 422),
        ("symbols=" + "x" * 8001, 400),
        ("symbols=ONE&source=rumours", 400),
        ("symbols=ONE&as_of=2010-04-26T10:00", 422),
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
