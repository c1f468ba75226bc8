"""Lists of instruments and corporate actions on their way in; the calendar; what is settled and refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.db.instruments_ingest import InstrumentsIngestStore
from app.db.quota_ledger import PostgresLedger
from app.db.sessions import SessionStore
from app.db.settled import SettledStore
from app.domain.actions import ReportedAction
from app.domain.datasets import Dataset
from app.domain.fetch_plan import Refusal
from app.domain.gaps import Span
from app.domain.quotas import Allowance, Window
from app.domain.sessions import Session
from app.ports.providers import ListedTicker
from app.ports.stores import Neighbour, Sweep
from tests.fakes.clocks import ManualClock
from tests.fakes.market import DAY, NOW, bars, fetched

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

LATER = NOW + timedelta(days=1)
SPLIT = ReportedAction(
    ref="split:PG:2004-06-21", symbol="PG", kind="split", ex_date=date(2004, 6, 21),
    split_from=Decimal(1), split_to=Decimal(2),
)  # fmt: skip
DIVIDEND = ReportedAction(
    ref="E7", symbol="KO", kind="dividend", ex_date=date(2010, 6, 11), cash_amount=Decimal("0.4400"), currency="USD"
)


async def query(database: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql, values)).fetchall()


async def test_a_list_fills_in_what_is_known_and_erases_nothing(database: Database) -> None:
    store = InstrumentsIngestStore()
    source = fetched(dataset=Dataset.INSTRUMENTS, settles=False)
    first = [ListedTicker(symbol="PG", name="Procter & Gamble", mic="XNYS", currency="USD"), ListedTicker(symbol="KO")]
    async with database.transaction() as unit:
        stored = await store.store(unit, first, source)
    assert (stored.inserted, stored.changed) == (2, 0)
    async with database.transaction() as unit:
        again = await store.store(unit, first, source)
    assert (again.inserted, again.changed) == (0, 0)
    second = [ListedTicker(symbol="PG", active=False), ListedTicker(symbol="KO", name="Coca-Cola")]
    async with database.transaction() as unit:
        stored = await store.store(unit, second, fetched(dataset=Dataset.INSTRUMENTS, now=LATER))
    assert (stored.inserted, stored.changed) == (0, 2)
    rows = await query(database, "SELECT symbol, name, mic, active, known_at, changed_at FROM instruments ORDER BY 1")
    assert rows == [
        ("KO", "Coca-Cola", None, True, NOW, LATER),
        ("PG", "Procter & Gamble", "XNYS", False, NOW, LATER),
    ]
    assert await query(database, "SELECT dataset, version FROM watermarks") == [("instruments", 2)]


async def test_a_listed_instrument_is_found_by_the_bars_that_come_later(database: Database) -> None:
    bars_store = BarsIngestStore()
    async with database.transaction() as unit:
        await bars_store.store(unit, bars({"PG": 1.0}), fetched())
    async with database.transaction() as unit:
        await InstrumentsIngestStore().store(unit, [ListedTicker(symbol="KO")], fetched(dataset=Dataset.INSTRUMENTS))
    async with database.transaction() as unit:
        stored = await bars_store.store(unit, bars({"KO": 1.0, "PG": 1.0}, DAY + timedelta(days=1)), fetched())
    assert stored.instruments == 0
    assert len(await query(database, "SELECT 1 FROM instruments")) == 2


async def test_a_corrected_action_supersedes_the_old_one_which_stays(database: Database) -> None:
    store = ActionsIngestStore()
    source = fetched(dataset=Dataset.SPLITS)
    for _ in range(2):
        async with database.transaction() as unit:
            await store.store(unit, [SPLIT, DIVIDEND], source)
    assert len(await query(database, "SELECT 1 FROM corporate_actions")) == 2
    corrected = ReportedAction(
        ref=SPLIT.ref, symbol="PG", kind="split", ex_date=date(2004, 6, 21), split_from=Decimal(2), split_to=Decimal(3)
    )
    async with database.transaction() as unit:
        stored = await store.store(unit, [corrected, DIVIDEND], fetched(dataset=Dataset.SPLITS, now=LATER))
    assert (stored.inserted, stored.changed, stored.unchanged) == (0, 1, 1)
    rows = await query(
        database,
        "SELECT symbol, kind, split_from, split_to, cash_amount, c.known_at, superseded_at FROM corporate_actions c "
        "JOIN instruments i ON i.id = instrument_id ORDER BY symbol, c.known_at",
    )
    assert rows == [
        ("KO", "dividend", None, None, Decimal("0.4400"), NOW, None),
        ("PG", "split", 1, 2, None, NOW, LATER),
        ("PG", "split", 2, 3, None, LATER, None),
    ]
    versions = await query(database, "SELECT dataset, version FROM watermarks ORDER BY 1")
    assert versions == [("corporate_actions", 2), ("instruments", 1)]


async def test_what_a_whole_sweep_no_longer_reports_is_withdrawn_but_never_most_of_it(database: Database) -> None:
    store = ActionsIngestStore()
    splits = [
        msgspec.structs.replace(SPLIT, ref=f"E{n}", symbol=f"S{n}", ex_date=DAY + timedelta(days=n)) for n in range(6)
    ]
    source, later = fetched(dataset=Dataset.SPLITS), fetched(dataset=Dataset.SPLITS, now=LATER)
    sweep = Sweep(kind="split", since=DAY + timedelta(days=1), began=LATER)
    async with database.transaction() as unit:
        await store.store(unit, [*splits, DIVIDEND], source)
    async with database.transaction() as unit:
        assert (await store.store(unit, splits[3:], later, sweep)).withdrawn == 0
    async with database.transaction() as unit:
        assert (await store.store(unit, splits[2:], later, sweep)).withdrawn == 1
    gone = await query(
        database, "SELECT provider_ref, superseded_at FROM corporate_actions WHERE superseded_at IS NOT NULL"
    )
    assert gone == [("E1", LATER)]
    async with database.transaction() as unit:
        stored = await store.store(unit, splits[1:2], fetched(dataset=Dataset.SPLITS, now=LATER + timedelta(days=1)))
    assert stored.inserted == 1


def session(day: date, hours: float = 6.5) -> Session:
    open_at = datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)
    return Session(mic="XNYS", session=day, open_at=open_at, close_at=open_at + timedelta(hours=hours))


async def test_the_calendar_is_replaced_ahead_and_kept_behind(database: Database) -> None:
    store = SessionStore(database)
    days = [DAY + timedelta(days=i) for i in range(4)]
    assert await store.horizon("XNYS") is None
    assert await store.put([session(day) for day in days], NOW) == 4
    assert await store.put([session(day) for day in days], NOW) == 0
    # An unplanned closure drops the last but one, an early close changes the last; the first is history.
    assert await store.put([session(days[3], hours=3.5)], NOW) == 3
    found = await store.between("XNYS", days[0], days[3])
    assert [s.session for s in found] == [days[0], days[3]]
    assert found[1].close_at - found[1].open_at == timedelta(hours=3.5)
    assert await store.following("XNYS", days[0]) == days[3]
    assert await store.following("XNYS", days[3]) is None
    assert await store.horizon("XNYS") == days[3]
    assert await store.put([], NOW) == 0


async def test_settled_dates_merge_over_weekends(database: Database) -> None:
    store = SettledStore(database)
    friday, monday = date(2010, 5, 7), date(2010, 5, 10)
    async with database.transaction() as unit:
        await store.settle(unit, Dataset.BARS_DAILY, Span(monday, date(2010, 5, 11)))
        await store.settle(unit, Dataset.BARS_DAILY, Span(friday, monday))
        await store.settle(unit, Dataset.BARS_DAILY, Span(date(2010, 4, 1), date(2010, 4, 5)))
    assert await store.settled(Dataset.BARS_DAILY) == (
        Span(date(2010, 4, 1), date(2010, 4, 5)),
        Span(friday, date(2010, 5, 11)),
    )
    assert await store.settled(Dataset.SPLITS) == ()


async def test_the_rows_of_neighbouring_sessions_are_found_on_both_sides(database: Database) -> None:
    days = [date(2010, 5, 3) + timedelta(days=i) for i in range(5)]
    await SessionStore(database).put([session(day) for day in days], NOW)
    ingest, store = BarsIngestStore(), SettledStore(database)
    for i, day in enumerate(days):
        if i != 2:
            async with database.transaction() as unit:
                await ingest.store(unit, bars({f"S{n}": 1.0 for n in range(i + 1)}, day), fetched(day))
    async with database.transaction() as unit:
        await ingest.store(unit, bars({"S0": 1.0}, days[2]), fetched(days[2], settles=False))
    assert sorted(await store.neighbours(Dataset.BARS_DAILY, days[2], 10)) == [1, 2, 4, 5]
    assert sorted(await store.neighbours(Dataset.BARS_DAILY, days[2], 2)) == [2, 4]
    assert await store.earlier(Dataset.BARS_DAILY, days[2]) == [Neighbour(rows=1, known_at=NOW)]
    assert [(d.value, s.rows, s.inserted) for d, s in await store.stored_by(1)] == [("bars_daily", 13, 13)]
    assert await store.stored_by(2) == []


async def test_refusals_are_remembered_and_widened(database: Database) -> None:
    store = SettledStore(database)
    allowance = Allowance(id="a", provider="polygon", windows=(Window(max_calls=5, span_s=60),), hold_us=1)
    await PostgresLedger(database, ManualClock()).declare(allowance)

    async def refuse(through: date | None, now: datetime = NOW) -> Refusal:
        refusal = Refusal(dataset=Dataset.BARS_DAILY, reason="plan", ask_again=now + timedelta(days=7), through=through)
        async with database.transaction() as unit:
            await store.refuse(unit, allowance, refusal, now)
        (found,) = await store.refusals(allowance)
        return found

    assert (await refuse(date(2008, 5, 1))).through == date(2008, 5, 1)
    assert (await refuse(date(2008, 4, 1))).through == date(2008, 5, 1)
    assert (await refuse(None)).through is None
    assert (await refuse(date(2008, 6, 1))).through is None
    assert (await refuse(date(2008, 6, 1), NOW + timedelta(days=30))).through == date(2008, 6, 1)
