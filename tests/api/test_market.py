"""GET /api/market: the day of a small market, as known now and then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from app.domain.index_memberships import Membership
from app.domain.sessions import Session
from tests.api.test_bars import Reads, reads_of
from tests.db.market import Bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
SESSIONS = [
    date(2010, 3, 1) + timedelta(days=n) for n in range(70) if (date(2010, 3, 1) + timedelta(days=n)).weekday() < 5
]
CRASH = date(2010, 5, 6)
COUNT = """
INSERT INTO bar_sessions (session, stored) SELECT session, count(*) FROM bars_daily GROUP BY session
ON CONFLICT (session) DO UPDATE SET stored = excluded.stored"""


def quiet(day: date, close: float) -> Bar:
    return Bar(day, close, close * 1.01, close * 0.99, close, 100_000.0)


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    """Four shares that stood still until 6 May 2010, and a warrant."""
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        calendar = [
            Session(
                mic="XNYS",
                session=day,
                open_at=datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC),
                close_at=datetime(day.year, day.month, day.day, 21, tzinfo=UTC),
            )
            for day in SESSIONS
        ]
        await reads.house.sessions.put(calendar, datetime(2010, 1, 1, tzinfo=UTC))
        market = reads.market
        for symbol, sector in (("ACN", "IT"), ("PG", "Staples"), ("XOM", "Energy"), ("ZZZ", None), ("WAR", None)):
            number = market.instrument(symbol, f"{symbol} Inc.", sector=sector)
            market.bars(number, [quiet(day, 50.0) for day in SESSIONS if day < CRASH])
        market.connection.execute("UPDATE instruments SET type = CASE symbol WHEN 'WAR' THEN 'WARRANT' ELSE 'CS' END")
        known = datetime(2010, 5, 6, 22, tzinfo=UTC)
        market.bars(market.number("ACN"), [Bar(CRASH, 49.0, 50.0, 1.0, 48.0, 900_000.0)], known)
        market.bars(market.number("PG"), [Bar(CRASH, 50.0, 50.0, 40.0, 49.0, 500_000.0)], known)
        market.bars(market.number("XOM"), [Bar(CRASH, 25.0, 30.0, 20.0, 27.5, 200_000.0)], known)
        market.bars(market.number("WAR"), [Bar(CRASH, 1.0, 1.0, 1.0, 1.0, 1.0)], known)
        market.split(market.number("XOM"), CRASH, (1, 2))
        market.dividend(market.number("PG"), CRASH, Decimal("1.00"))
        market.connection.execute(COUNT)
        yield reads


async def test_the_day_is_told(reads: Reads) -> None:
    answer = await reads.json("/api/market?session=2010-05-06")
    day, line = answer["day"], answer["day"]["line"]
    assert (line["traded"], line["compared"]) == (3, 3)
    # A dividend of 1 makes 49 an unchanged price, a split 1:2 makes 27.5 a gain of a tenth.
    assert (line["advancers"], line["decliners"], line["unchanged"]) == (1, 1, 1)
    assert line["median_percent"] == 0
    assert line["median_low_percent"] == pytest.approx(-20)
    assert day["broad"]["fell_deep_at_low"] == 3
    assert (day["previous"], day["following"]) == ("2010-05-05", None)
    assert [one["symbol"] for one in day["movers"]["deepest"]] == ["ACN", "XOM", "PG"]
    [gainer] = day["movers"]["gainers"]
    assert (gainer["symbol"], gainer["previous_close"], gainer["change_percent"]) == ("XOM", 25, 10)
    assert gainer["recent"][-2:] == [25, 27.5]
    assert [each["sector"] for each in day["sectors"]] == ["IT", "Staples", "Energy"]
    assert day["extremes"] == {"since": "2010-03-01", "able": 3, "highs": 1, "lows": 3}
    assert len(answer["sessions"]) == 49
    assert answer["sessions"][-1] == line
    assert answer["sessions"][0]["compared"] == 0
    assert answer["freshness"]["latest"] == "2010-05-06"
    assert answer["freshness"]["late"] == ["2010-05-07"]


async def test_without_a_session_it_is_the_latest_whole_one(reads: Reads) -> None:
    assert (await reads.json("/api/market"))["day"]["line"]["session"] == "2010-05-06"
    reads.market.bars(reads.market.number("ACN"), [quiet(date(2010, 5, 7), 50.0)])
    reads.market.connection.execute(COUNT)
    assert (await reads.json("/api/market"))["day"]["line"]["session"] == "2010-05-06"
    single = (await reads.json("/api/market?session=2010-05-07"))["day"]["line"]
    assert (single["traded"], single["advancers"]) == (1, 1)


async def test_nothing_is_told_before_it_was_known(reads: Reads) -> None:
    for moment, session in (("2010-05-06T21:59:59Z", "2010-05-05"), ("2010-05-06T22:00:00Z", "2010-05-06")):
        answer = await reads.json(f"/api/market?as_of={moment}")
        assert answer["day"]["line"]["session"] == session
        assert answer["freshness"] is None
    assert (await reads.get("/api/market?as_of=2010-05-06T21:59:59Z&session=2010-05-06")).status_code == 404
    before = await reads.json("/api/market?as_of=1999-12-31")
    assert (before["day"], before["sessions"]) == (None, [])


async def test_only_members_of_the_day_count(reads: Reads) -> None:
    assert (await reads.get("/api/market?universe=sp500")).status_code == 404
    told = [
        Membership(index="sp500", symbol=symbol, name=symbol, joined_on=joined, left_on=left)
        for symbol, joined, left in (
            ("ACN", date(2000, 1, 1), None),
            ("PG", date(2000, 1, 1), CRASH),
            ("XOM", CRASH, None),
        )
    ]
    async with reads.house.database.transaction() as unit:
        await reads.house.memberships_ingest.put(unit, [(member, []) for member in told], "test", datetime.now(UTC))
    reads.market.connection.execute(
        """UPDATE index_memberships m SET instrument_id = i.id, linked_at = now()
        FROM instruments i WHERE i.symbol = m.symbol"""
    )
    answer = await reads.json("/api/market?universe=sp500&session=2010-05-06")
    assert {one["symbol"] for one in answer["day"]["movers"]["active"]} == {"ACN", "XOM"}
    assert [line["traded"] for line in answer["sessions"][-2:]] == [2, 2]


async def test_an_unchanged_answer_costs_a_304_and_a_correction_shows_at_once(reads: Reads) -> None:
    first = await reads.get("/api/market?session=2010-05-06")
    assert (await reads.get("/api/market?session=2010-05-06", if_none_match=first.headers["etag"])).status_code == 304
    reads.market.bars(reads.market.number("ACN"), [Bar(CRASH, 50.0, 51.0, 49.0, 51.0, 900_000.0)])
    answer = await reads.get("/api/market?session=2010-05-06", if_none_match=first.headers["etag"])
    assert answer.json()["day"]["line"]["advancers"] == 2


async def test_an_older_session_has_others_on_both_sides(reads: Reads) -> None:
    extra = [date(2009, 9, 1) + timedelta(days=n) for n in range(180)]
    weekdays = [day for day in extra if day.weekday() < 5]
    calendar = [
        Session(
            mic="XNYS",
            session=day,
            open_at=datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC),
            close_at=datetime(day.year, day.month, day.day, 21, tzinfo=UTC),
        )
        for day in weekdays
    ]
    await reads.house.sessions.put(calendar, datetime(2010, 6, 1, tzinfo=UTC))
    reads.market.bars(reads.market.number("ACN"), [quiet(day, 50.0) for day in weekdays])
    reads.market.connection.execute(COUNT)
    asked = weekdays[80]
    answer = await reads.json(f"/api/market?session={asked}")
    shown = [each["session"] for each in answer["sessions"]]
    assert len(shown) == 60
    assert shown.index(asked.isoformat()) == 39
    assert (answer["day"]["previous"], answer["day"]["following"]) == (str(weekdays[79]), str(weekdays[81]))


async def test_an_empty_store_says_so(database_url: str) -> None:
    async with reads_of(database_url) as reads:
        answer = await reads.json("/api/market")
        assert (answer["day"], answer["sessions"]) == (None, [])
        assert answer["freshness"]["latest"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("session=2010-05-08", 404),
        ("session=9999-12-31", 404),
        ("session=0001-01-01", 404),
        ("session=yesterday", 400),
        ("universe=dax", 400),
        ("as_of=2010-05-06T10:00", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/market?{query}")).status_code == status
