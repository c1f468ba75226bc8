"""GET /api/instruments: pages and single ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.db.tables.market import TABLES
from tests.api.test_bars import Reads, reads_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url) as reads:
        facts: dict[str, dict[str, object]] = {
            "XOM": {"sector": "Energy", "mic": "XNYS"},
            "AAPL": {"sector": "Technology", "mic": "XNAS"},
            "BRK.B": {"sector": "Financials", "mic": "XNYS"},
            "BACpB": {"mic": "XNYS"},
            "ENE": {"sector": "Energy", "mic": "XNYS", "active": False},
        }
        for symbol, more in facts.items():
            reads.market.instrument(symbol, f"The {symbol} company", **more)
        yield reads


async def test_pages_follow_each_other_by_symbol(reads: Reads) -> None:
    url, seen = "/api/instruments?limit=2", []
    while url:
        answer = await reads.get(url)
        assert answer.status_code == 200
        seen.append([item["symbol"] for item in answer.json()["items"]])
        following = answer.json()["next"]
        link = answer.headers.get("link", "")
        assert (following is None) == (not link)
        url = link.removeprefix("<").partition(">")[0]
        assert url == (f"/api/instruments?limit=2&cursor={following}" if following else "")
    assert seen == [["AAPL", "BACpB"], ["BRK.B", "ENE"], ["XOM"]]


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("sector=Energy", ["ENE", "XOM"]),
        ("sector=Energy&active=true", ["XOM"]),
        ("active=false", ["ENE"]),
        ("mic=XNAS", ["AAPL"]),
        ("sector=%25", []),
        ("sector=Ener_y", []),
        ("sector='; DROP TABLE instruments; --", []),
        ("limit=1000", ["AAPL", "BACpB", "BRK.B", "ENE", "XOM"]),
    ],
)
async def test_filters_are_exact(reads: Reads, query: str, symbols: list[str]) -> None:
    answer = await reads.json(f"/api/instruments?{query}")
    assert [item["symbol"] for item in answer["items"]] == symbols


async def test_one_instrument_by_its_symbol(reads: Reads) -> None:
    answer = await reads.get("/api/instruments/BRK.B")
    assert answer.json() == {
        "id": 3,
        "symbol": "BRK.B",
        "name": "The BRK.B company",
        "mic": "XNYS",
        "type": None,
        "currency": "usd",
        "sector": "Financials",
        "industry": None,
        "cik": None,
        "active": True,
        "listed_on": None,
        "delisted_on": None,
    }
    assert (await reads.get("/api/instruments/BRK.B", if_none_match=answer.headers["etag"])).status_code == 304
    for unknown in ("brk.b", "%25", "NOPE", "%F0%9F%98%80"):
        assert (await reads.get(f"/api/instruments/{unknown}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 400),
        ("limit=1001", 400),
        ("mic=xnys", 400),
        ("active=perhaps", 400),
        ("sector=", 400),
        ("cursor=%F0%9F%98%80", 422),
        ("cursor=W10", 422),
        ("cursor=WzFd", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/instruments?{query}")).status_code == status


async def test_a_new_instrument_shows_in_the_next_answer(reads: Reads) -> None:
    async def is_listed() -> bool:
        return [item["symbol"] for item in (await reads.json("/api/instruments?limit=1"))["items"]] == ["A"]

    assert not await is_listed()
    reads.market.instrument("A")
    await until(is_listed)


async def test_lists_are_read_through_piccolo(reads: Reads) -> None:
    await reads.json("/api/instruments")
    engines = {table._meta.db for table in TABLES}
    assert engines == {reads.house.everyday.engine}


async def test_search_answers_whole_instruments(reads: Reads) -> None:
    answer = await reads.json("/api/instruments/search?q=brk.b")
    assert answer["items"][0] == (await reads.json("/api/instruments/BRK.B"))
    assert (await reads.json("/api/instruments/search?q=%25"))["items"] == []
    assert len((await reads.json("/api/instruments/search?q=company&limit=2"))["items"]) == 2


@pytest.mark.parametrize("query", ["", "q=", "q=" + "x" * 101, "q=a&limit=0", "q=a&limit=51"])
async def test_a_search_is_bounded(reads: Reads, query: str) -> None:
    assert (await reads.get(f"/api/instruments/search?{query}")).status_code == 400
