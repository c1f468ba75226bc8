"""GET /api/instruments/{symbol}/changes: the days on which an as-of begins to give another answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.api.test_bars import Reads, reads_of
from tests.db.market import bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

FRIDAY = date(2010, 4, 23)


def evening(day: date) -> datetime:
    """The evening of a session in New York, which is the next day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=25)


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    """A bar in time, one over a weekend, twenty late ones, one of them corrected twice; an action, facts, earnings."""
    async with reads_of(database_url) as reads:
        market = reads.market
        market.instrument("OTHER")
        market.bars(market.number("OTHER"), [bar("2010-03-01")], evening(date(2010, 5, 3)))
        number = market.instrument("AAPL", "Apple Inc.")
        market.bars(number, [bar(FRIDAY)], evening(FRIDAY + timedelta(days=3)))
        market.bars(number, [bar(f"2010-03-{day:02}") for day in range(1, 21)], evening(FRIDAY))
        market.bars(number, [bar("2010-03-01", close=101.0)], evening(date(2010, 4, 26)))
        market.bars(number, [bar("2010-03-01", close=102.0)], evening(date(2010, 4, 27)))
        market.dividend(number, date(2010, 4, 30), Decimal("0.5"), known_at=evening(date(2010, 4, 27)))
        market.facts("AAPL", "fundamentals", {"pe_ttm": 20.0}, evening(date(2010, 4, 26)))
        market.facts("AAPL", "fundamentals", {"pe_ttm": 21.0}, evening(date(2010, 4, 27)))
        market.report("AAPL", (2010, 2), date(2010, 4, 20), evening(date(2010, 4, 20)), eps_actual=3.33)
        yield reads


async def test_each_day_tells_once_what_changed(reads: Reads) -> None:
    found = await reads.json("/api/instruments/AAPL/changes")
    assert (found["instrument"]["name"], found["more"]) == ("Apple Inc.", False)
    assert [(item["on"], item["kind"], item["count"], item["earliest"]) for item in found["items"]] == [
        ("2010-04-27", "bars_corrected", 1, "2010-03-01"),
        ("2010-04-27", "dividend", 1, "2010-04-30"),
        ("2010-04-27", "fundamentals", 1, "finnhub"),
        ("2010-04-26", "bars_corrected", 1, "2010-03-01"),
        ("2010-04-26", "fundamentals", 1, "finnhub"),
        ("2010-04-23", "bars_late", 20, "2010-03-01"),
        ("2010-04-20", "earnings", 1, "2010-04-20"),
        ("1999-12-31", "listing", 1, "AAPL"),
    ]  # fmt: skip
    late = found["items"][5]["subjects"]
    assert (len(late), late[0], late[-1]) == (12, "2010-03-20", "2010-03-09")


async def test_an_as_of_on_each_day_is_another_answer_than_on_the_day_before(reads: Reads) -> None:
    closes = []
    for day in ("2010-04-22", "2010-04-23", "2010-04-26", "2010-04-27"):
        bars = await reads.json(f"/api/bars?symbols=AAPL&from=2010-03-01&until=2010-03-02&adjusted=none&as_of={day}")
        closes.append(bars["symbols"][0]["close"])
    assert closes == [[], [100.0], [101.0], [102.0]]


async def test_as_of_a_day_nothing_later_is_told_and_a_limit_says_that_there_is_more(reads: Reads) -> None:
    then = await reads.json("/api/instruments/AAPL/changes?as_of=2010-04-26&limit=2")
    assert [item["on"] for item in then["items"]] == ["2010-04-26", "2010-04-26"]
    assert then["more"] is True
    assert (await reads.get("/api/instruments/NOBODY/changes")).status_code == 404
