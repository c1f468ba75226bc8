"""GET /api/instruments over time: old symbols, who was listed then, what was known then."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.api.test_bars import Reads, reads_of
from tests.db.market import bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

RENAMED = date(2022, 6, 9)
KNOWN = datetime(2022, 6, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    """Meta was Facebook; the fund METV was META; LEH is gone; X was of two that are both gone."""
    async with reads_of(database_url) as reads:
        run = reads.market.connection.execute
        meta = reads.market.instrument("FB", "Facebook, Inc.")
        fund = reads.market.instrument("METV", "Roundhill Ball Metaverse ETF")
        reads.market.instrument("LEH", "Lehman Brothers")
        run(
            "UPDATE instruments SET symbol = 'META', name = 'Meta Platforms, Inc.', changed_at = %s WHERE id = %s",
            (KNOWN, meta),
        )
        run(
            "UPDATE instruments SET active = false, delisted_on = '2008-09-17', changed_at = %s WHERE symbol = 'LEH'",
            (KNOWN,),
        )
        run("UPDATE instrument_symbols SET superseded_at = %s WHERE instrument_id = %s", (KNOWN, meta))
        tenures = [
            (meta, "FB", None, RENAMED),
            (meta, "META", RENAMED, None),
            (fund, "META", date(2021, 6, 30), date(2022, 1, 31)),
        ]
        for number, symbol, first, until in tenures:
            run(
                "INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, known_at)"
                " VALUES (%s, %s, %s, %s, 'test', %s)",
                (number, symbol, first, until, KNOWN),
            )
        for name in ("One", "Two"):
            number = reads.market.instrument(f"X{name}", name)
            run(
                "INSERT INTO instrument_symbols (instrument_id, symbol, valid_to, provider, known_at)"
                " VALUES (%s, 'X', '2020-01-01', 'test', %s)",
                (number, KNOWN),
            )
        reads.market.move("instruments")
        yield reads


async def test_an_old_symbol_finds_the_instrument_and_says_so(reads: Reads) -> None:
    found = await reads.json("/api/instruments/FB")
    assert (found["symbol"], found["name"], found["matched_symbol"]) == ("META", "Meta Platforms, Inc.", "FB")
    assert "matched_symbol" not in await reads.json("/api/instruments/META")


async def test_on_a_day_a_symbol_is_its_holders_of_that_day(reads: Reads) -> None:
    assert (await reads.json("/api/instruments/META?on=2021-07-01"))["symbol"] == "METV"
    assert (await reads.json("/api/instruments/META?on=2023-07-01"))["symbol"] == "META"
    assert (await reads.json("/api/instruments/FB?on=2021-07-01"))["symbol"] == "META"
    nobody = await reads.get("/api/instruments/META?on=2022-03-01")
    assert nobody.status_code == 404
    assert "2022-01-31" in nobody.json()["detail"]


async def test_what_cannot_be_told_is_said(reads: Reads) -> None:
    for query in ("", "?on=2019-05-06"):
        answer = await reads.get(f"/api/instruments/X{query}")
        assert answer.status_code == 422
        assert "One (instrument" in answer.json()["detail"]


async def test_as_of_a_day_nothing_later_is_known(reads: Reads) -> None:
    then = await reads.json("/api/instruments/FB?as_of=2022-06-10")
    assert (then["symbol"], then["name"]) == ("FB", "Facebook, Inc.")
    assert "matched_symbol" not in then
    assert (await reads.get("/api/instruments/META?as_of=2022-06-10")).status_code == 404
    listed = await reads.json("/api/instruments?as_of=2022-06-10")
    assert [(item["symbol"], item["active"]) for item in listed["items"]] == [
        ("FB", True), ("LEH", True), ("METV", True), ("XOne", True), ("XTwo", True),
    ]  # fmt: skip
    assert listed["undated"] is None


async def test_the_history_tells_names_and_symbols(reads: Reads) -> None:
    answer = await reads.json("/api/instruments/FB/history")
    assert answer["instrument"]["matched_symbol"] == "FB"
    story = answer["story"]
    assert [(each["symbol"], each["valid_from"], each["valid_to"]) for each in story["symbols"]] == [
        ("FB", None, "2022-06-09"), ("META", "2022-06-09", None),
    ]  # fmt: skip
    assert [(fact["name"], fact["superseded_at"] is None) for fact in story["facts"]] == [
        ("Facebook, Inc.", False), ("Meta Platforms, Inc.", True),
    ]  # fmt: skip
    assert story["memberships"] == []
    then = await reads.json("/api/instruments/FB/history?as_of=2022-06-10")
    assert [(fact["name"], fact["superseded_at"]) for fact in then["story"]["facts"]] == [("Facebook, Inc.", None)]


async def test_who_was_listed_then_includes_who_is_gone(reads: Reads) -> None:
    names = {symbol: number for number, symbol in reads.market.connection.execute("SELECT id, symbol FROM instruments")}
    reads.market.bars(names["LEH"], [bar("2008-09-12"), bar("2008-09-17")])
    reads.market.bars(names["META"], [bar("2022-06-08"), bar("2022-06-09")])
    reads.market.bars(names["XOne"], [bar("2008-09-15")])

    async def listed(on: str, more: str = "") -> tuple[list[str], int]:
        answer = await reads.json(f"/api/instruments?listed_on={on}{more}")
        return [item["symbol"] for item in answer["items"]], answer["undated"]

    assert await listed("2008-09-15") == (["LEH", "XOne"], 3)
    assert await listed("2008-09-15", "&active=false") == (["LEH"], 0)
    assert await listed("2008-09-18") == (["XOne"], 3)
    assert await listed("2022-06-09") == (["META"], 3)
    assert (await listed("2022-06-09", "&as_of=1999-01-01"))[0] == []
    first = await reads.json("/api/instruments?listed_on=2008-09-15&limit=1")
    second = await reads.json(f"/api/instruments?listed_on=2008-09-15&limit=1&cursor={first['next']}")
    assert [item["symbol"] for item in second["items"]] == ["XOne"]
    assert (second["next"], second["undated"]) == (None, None)


@pytest.mark.parametrize(
    "query", ["on=tomorrow", "as_of=2999-01-01T00:00:00Z", "listed_on=2010-13-01", "as_of=yesterday"]
)
async def test_what_is_no_day_is_refused(reads: Reads, query: str) -> None:
    address = "/api/instruments" if "listed_on" in query else "/api/instruments/META"
    assert (await reads.get(f"{address}?{query}")).status_code in {400, 422}
