"""Company facts, quotes and earnings on their way in: what is new, what is the same, what is corrected."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.db.asks import AskStore
from app.db.company_facts_ingest import CompanyIngestStore
from app.db.earnings_ingest import EarningsIngestStore
from app.db.engine import Database
from app.db.instrument_unions import Union, unite
from app.db.listing import InstrumentListing
from app.db.quotes_ingest import QuotesIngestStore
from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.fundamentals import CompanyFacts
from app.domain.gaps import Span
from app.domain.quotes import ReportedQuote
from app.ports.stores import Asked, Stored
from tests.db.market import Market
from tests.fakes.market import NOW, fetched

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
FACTS = {"pe_ttm": 17.25, "market_cap": 2.0e11}
QUOTE = ReportedQuote(symbol="PG", at=datetime(2010, 5, 6, 19, 59, tzinfo=UTC), price=60.75, previous_close=62.16)
REPORT = ReportedEarnings(
    symbol="PG",
    fiscal_year=2010,
    fiscal_quarter=3,
    report_date=date(2010, 4, 29),
    when="before_open",
    eps_estimate=0.82,
)


@pytest.fixture(autouse=True)
def listed(market: Market) -> dict[str, int]:
    return {symbol: market.instrument(symbol) for symbol in ("PG", "KO", "IBM")}


async def query(database: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql, values)).fetchall()


async def versions(database: Database, dataset: str) -> int:
    found = await query(database, "SELECT version FROM watermarks WHERE dataset = %s", dataset)
    return int(found[0][0]) if found else 0


async def tell(database: Database, facts: dict[str, float | str], *, now: datetime = NOW, symbol: str = "PG") -> Stored:
    async with database.transaction() as unit:
        company = CompanyFacts(symbol=symbol, facts=facts)
        return await CompanyIngestStore().store(unit, company, fetched(dataset=Dataset.FUNDAMENTALS, now=now))


HISTORY = "SELECT facts, known_at, superseded_at, seen_at FROM company_facts ORDER BY known_at"


async def test_facts_that_differ_are_a_new_row_and_the_same_only_move_when_they_were_seen(database: Database) -> None:
    first = await tell(database, dict(FACTS))
    assert (first.rows, first.inserted, first.changed) == (1, 1, 0)
    same = await tell(database, dict(reversed(FACTS.items())), now=NOW + HOUR)
    assert (same.inserted, same.changed) == (0, 0)
    assert await query(database, HISTORY) == [(FACTS, NOW, None, NOW + HOUR)]
    assert await versions(database, "fundamentals") == 1
    less = {"pe_ttm": 17.25}
    changed = await tell(database, dict(less), now=NOW + 2 * HOUR)
    assert (changed.inserted, changed.changed) == (0, 1)
    later = NOW + 2 * HOUR
    assert await query(database, HISTORY) == [(FACTS, NOW, later, NOW + HOUR), (less, later, None, later)]
    assert await versions(database, "fundamentals") == 2


async def test_a_row_never_ends_before_it_began_when_the_clock_stands_still(database: Database) -> None:
    for value in (1.0, 2.0, 1.0):
        await tell(database, {"beta": value})
    found = await query(database, "SELECT facts->'beta', known_at, superseded_at FROM company_facts ORDER BY known_at")
    assert found == [(1, NOW, NOW + TICK), (2, NOW + TICK, NOW + 2 * TICK), (1, NOW + 2 * TICK, None)]


async def test_nothing_is_stored_of_what_is_no_instrument_or_of_what_nobody_knows(database: Database) -> None:
    assert (await tell(database, dict(FACTS), symbol="NOPE")).rows == 0
    assert (await tell(database, {})).rows == 0
    assert await query(database, "SELECT count(*) FROM company_facts") == [(0,)]
    assert await query(database, "SELECT count(*) FROM instruments") == [(3,)]
    assert await query(database, "SELECT dataset, row_count FROM fetches") == [("fundamentals", 0)] * 2


async def test_facts_of_one_company_told_at_once_stay_one_line_of_versions(database: Database) -> None:
    await asyncio.gather(*(tell(database, {"beta": float(value)}, now=NOW + value * HOUR) for value in range(1, 7)))
    found = await query(database, "SELECT known_at, superseded_at FROM company_facts ORDER BY known_at")
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert found[-1][1] is None
    assert len(found) == 6


async def quote(database: Database, *quotes: ReportedQuote, now: datetime = NOW) -> Stored:
    async with database.transaction() as unit:
        return await QuotesIngestStore().store(unit, quotes, fetched(dataset=Dataset.QUOTES, now=now))


async def test_a_quote_of_the_same_moment_is_new_only_when_it_is_corrected(database: Database) -> None:
    other = msgspec.structs.replace(QUOTE, symbol="NOPE")
    assert (await quote(database, QUOTE, other)).inserted == 1
    assert (await quote(database, QUOTE, now=NOW + HOUR)).unchanged == 1
    assert await versions(database, "quotes") == 1
    corrected = msgspec.structs.replace(QUOTE, price=60.5, volume=10.0)
    assert (await quote(database, corrected)).changed == 1
    assert (await quote(database, msgspec.structs.replace(QUOTE, at=QUOTE.at + HOUR))).inserted == 1
    sql = "SELECT at, price, previous_close, volume, known_at FROM quotes ORDER BY at, known_at"
    assert await query(database, sql) == [
        (QUOTE.at, 60.75, 62.16, None, NOW),
        (QUOTE.at, 60.5, 62.16, 10.0, NOW + TICK),
        (QUOTE.at + HOUR, 60.75, 62.16, None, NOW),
    ]
    assert await versions(database, "quotes") == 3


async def report(
    database: Database, *reports: ReportedEarnings, now: datetime = NOW, swept: Span | None = None
) -> Stored:
    async with database.transaction() as unit:
        return await EarningsIngestStore().store(unit, reports, fetched(dataset=Dataset.EARNINGS, now=now), swept)


async def test_a_report_is_superseded_by_quarter_and_provider(database: Database) -> None:
    unknown = msgspec.structs.replace(REPORT, symbol="NOPE")
    assert (await report(database, REPORT, unknown)).inserted == 1
    assert (await report(database, REPORT, now=NOW + HOUR)).unchanged == 1
    actual = msgspec.structs.replace(REPORT, eps_actual=0.89, report_date=date(2010, 4, 30))
    following = msgspec.structs.replace(REPORT, fiscal_quarter=4, report_date=date(2010, 8, 3))
    stored = await report(database, actual, following, now=NOW + HOUR)
    assert (stored.rows, stored.inserted, stored.changed) == (2, 1, 1)
    rows = await query(
        database,
        "SELECT fiscal_quarter, report_date, report_time, eps_estimate, eps_actual, known_at, superseded_at"
        " FROM earnings ORDER BY 1, known_at",
    )
    assert rows == [
        (3, date(2010, 4, 29), "before_open", 0.82, None, NOW, NOW + HOUR),
        (3, date(2010, 4, 30), "before_open", 0.82, 0.89, NOW + HOUR, None),
        (4, date(2010, 8, 3), "before_open", 0.82, None, NOW + HOUR, None),
    ]
    assert await versions(database, "earnings") == 2


async def test_what_a_sweep_of_dates_no_longer_has_is_ended_but_never_most_of_it(database: Database) -> None:
    quarters = [
        msgspec.structs.replace(REPORT, symbol=symbol, fiscal_quarter=quarter)
        for symbol in ("PG", "KO", "IBM")
        for quarter in (1, 2)
    ]
    outside = msgspec.structs.replace(REPORT, fiscal_year=2011, report_date=date(2011, 4, 28))
    await report(database, *quarters, outside)
    swept = Span(date(2010, 4, 1), date(2010, 5, 1))
    assert (await report(database, *quarters[:3], now=NOW + HOUR, swept=swept)).withdrawn == 0
    assert (await report(database, *quarters[:5], now=NOW + HOUR, swept=swept)).withdrawn == 1
    gone = await query(database, "SELECT symbol, fiscal_quarter, superseded_at FROM earnings"
                       " JOIN instruments i ON i.id = instrument_id WHERE superseded_at IS NOT NULL")  # fmt: skip
    assert gone == [("IBM", 2, NOW + HOUR)]
    assert (await report(database, *quarters, now=NOW + 2 * HOUR)).inserted == 1
    assert await versions(database, "earnings") == 3


async def test_asks_grow_apart_while_an_answer_holds_nothing(database: Database) -> None:
    store, day = AskStore(), timedelta(days=1)

    async def ask(*found: str, at: datetime) -> list[tuple[Any, ...]]:
        asked = Asked(dataset=Dataset.PROFILES, provider="p", symbols=["PG", "NOPE"], found=found, at=at)
        async with database.transaction() as unit:
            await store.record(unit, asked)
        return await query(database, "SELECT asked_at, misses, next_ask FROM asks")

    assert await ask(at=NOW) == [(NOW, 1, NOW + day)]
    assert await ask(at=NOW + day) == [(NOW + day, 2, NOW + 3 * day)]
    for _ in range(9):
        rows = await ask(at=NOW)
    assert rows == [(NOW, 11, NOW + 90 * day)]
    assert await ask("PG", at=NOW) == [(NOW, 0, NOW)]


async def test_the_listing_knows_instruments_only(database: Database) -> None:
    assert await InstrumentListing(database).known({"PG", "KO", "NOPE", ""}) == {"PG", "KO"}


async def test_what_was_told_of_two_that_turn_out_to_be_one_goes_on_as_one(
    database: Database, listed: dict[str, int]
) -> None:
    old, new = listed["KO"], listed["PG"]
    await tell(database, {"beta": 1.0}, symbol="KO")
    await tell(database, {"beta": 2.0}, now=NOW + HOUR)
    await report(database, msgspec.structs.replace(REPORT, symbol="KO"))
    await report(database, REPORT, now=NOW + HOUR)
    union = Union(gone=old, stays=new, evidence={"figi": "the same"})
    async with database.transaction() as unit:
        assert await unite(unit, union, fetched(dataset=Dataset.INSTRUMENTS, now=NOW + 2 * HOUR), 1)
    told = await query(
        database,
        "SELECT facts->'beta', known_at, superseded_at FROM company_facts WHERE instrument_id = %s ORDER BY 2",
        new,
    )
    assert told == [(1, NOW, NOW + 2 * HOUR), (2, NOW + HOUR, None)]
    ends = await query(database, "SELECT superseded_at FROM earnings WHERE instrument_id = %s ORDER BY known_at", new)
    assert ends == [(NOW + 2 * HOUR,), (None,)]
