"""Bars on their way in: new, unchanged, corrected, suspect; each exactly once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.domain.quality import HeldRow
from app.ports.stores import Stored
from tests.fakes.market import DAY, NOW, bars, fetched

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

STORED = """
SELECT symbol, session, open, high, low, close, volume, vwap, trades
FROM bars_daily JOIN instruments ON id = instrument_id
ORDER BY 1, 2
"""
HISTORY = """
SELECT symbol, session, close, r.known_at, superseded_at FROM bar_revisions r JOIN instruments ON id = instrument_id
UNION ALL
SELECT symbol, session, close, b.known_at, NULL FROM bars_daily b JOIN instruments ON id = instrument_id
ORDER BY 1, 2, 4
"""
LATER = NOW + timedelta(days=1)


@pytest.fixture
def store() -> BarsIngestStore:
    return BarsIngestStore()


async def query(database: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql, values)).fetchall()


async def put(database: Database, store: BarsIngestStore, *args: Any, **kwargs: Any) -> Stored:
    async with database.transaction() as unit:
        return await store.store(unit, *args, **kwargs)


async def test_a_new_session_is_copied_as_it_is(database: Database, store: BarsIngestStore) -> None:
    stored = await put(database, store, bars({"PG": 60.75, "IBM": 123.0}), fetched())
    assert stored == Stored(rows=2, inserted=2, instruments=2)
    assert await query(database, STORED) == [
        ("IBM", DAY, 123.25, 123.5, 61.5, 123.0, 100.5, 123.0, 7),
        ("PG", DAY, 61.0, 61.25, 30.375, 60.75, 0.5, 60.75, 7),
    ]
    rows = await query(database, "SELECT provider, fetch_id, known_at FROM bars_daily")
    (fetch,) = await query(database, "SELECT id, row_count, inserted, changed, held, settles, step FROM fetches")
    assert rows == [("polygon", fetch[0], NOW)] * 2
    assert fetch[1:] == (2, 2, 0, 0, True, f"1/fetch/{DAY}")
    (settled,) = await query(database, "SELECT dataset, instrument_id, span::text FROM settled")
    assert settled == ("bars_daily", 0, "{[2010-05-06,2010-05-07)}")


async def test_what_a_provider_does_not_know_is_null(database: Database, store: BarsIngestStore) -> None:
    mixed = bars({"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0})
    mixed.vwap[:] = [1.0, float("nan"), 3.0, float("nan")]
    mixed.trades[:] = [7, 7, -1, -1]
    await put(database, store, mixed, fetched())
    rows = await query(database, "SELECT symbol, vwap, trades FROM bars_daily JOIN instruments ON id = instrument_id")
    assert sorted(rows) == [("A", 1.0, 7), ("B", None, 7), ("C", 3.0, None), ("D", None, None)]


async def test_the_same_again_changes_nothing_and_tells_nobody(database: Database, store: BarsIngestStore) -> None:
    await put(database, store, bars({"PG": 60.75, "IBM": 123.0}, known=False), fetched())
    before = await query(database, "TABLE bars_daily"), await query(database, "TABLE watermarks")
    again = await put(database, store, bars({"PG": 60.75, "IBM": 123.0}, known=False), fetched(now=LATER))
    assert (again.rows, again.inserted, again.changed, again.unchanged) == (2, 0, 0, 2)
    assert (await query(database, "TABLE bars_daily"), await query(database, "TABLE watermarks")) == before
    assert await query(database, "TABLE bar_revisions") == []


async def test_a_correction_keeps_what_was_known_before(database: Database, store: BarsIngestStore) -> None:
    await put(database, store, bars({"PG": 60.75, "IBM": 123.0}), fetched())
    stored = await put(database, store, bars({"PG": 60.5, "IBM": 123.0, "KO": 50.0}), fetched(now=LATER))
    assert (stored.inserted, stored.changed, stored.unchanged, stored.instruments) == (1, 1, 1, 1)
    assert await query(database, HISTORY) == [
        ("IBM", DAY, 123.0, NOW, None),
        ("KO", DAY, 50.0, LATER, None),
        ("PG", DAY, 60.75, NOW, LATER),
        ("PG", DAY, 60.5, LATER, None),
    ]
    versions = await query(database, "SELECT dataset, version FROM watermarks ORDER BY 1")
    assert versions == [("bars_daily", 2), ("instruments", 2)]


async def test_corrections_under_a_clock_that_stands_still_stay_in_order(
    database: Database, store: BarsIngestStore
) -> None:
    for close in (1.0, 2.0, 3.0):
        await put(database, store, bars({"PG": close}), fetched())
    rows = await query(database, HISTORY)
    assert [row[2] for row in rows] == [1.0, 2.0, 3.0]
    assert [row[4] for row in rows] == [row[3] for row in rows[1:]] + [None]
    assert rows[0][3] < rows[1][3] < rows[2][3]


async def test_a_session_that_was_stored_but_not_settled_is_merged(database: Database, store: BarsIngestStore) -> None:
    await put(database, store, bars({"PG": 60.75}), fetched(settles=False))
    assert await query(database, "TABLE settled") == []
    stored = await put(database, store, bars({"PG": 60.75, "KO": 50.0}), fetched())
    assert (stored.inserted, stored.unchanged) == (1, 1)


async def test_suspect_rows_are_held_once(database: Database, store: BarsIngestStore) -> None:
    row = HeldRow(symbol="C", session=DAY, rule="volume_overflow", evidence={"a": "b"}, row={"volume": 2147483600.0})
    odd = HeldRow(symbol="N\x00L", session=None, rule="unreadable", evidence={}, row={"T": "N\x00L", "x": "y" * 5000})
    first = await put(database, store, bars({"PG": 60.75}), fetched(held=[row, odd]))
    again = await put(database, store, bars({"PG": 60.75}), fetched(held=[row, odd], now=LATER))
    assert (first.held, again.held) == (2, 0)
    rows = await query(database, "SELECT symbol, rule, row, state, known_at FROM quarantine ORDER BY rule DESC")
    assert rows[0] == ("C", "volume_overflow", {"volume": 2147483600.0}, "held", NOW)
    assert rows[1][0] == "N\ufffdL"
    assert len(rows[1][2]["cut"]) == 750
    assert await query(database, "SELECT count(*) FROM instruments") == [(1,)]


async def test_nothing_is_left_of_a_transaction_that_fails(database: Database, store: BarsIngestStore) -> None:
    async def fail() -> None:
        async with database.transaction() as unit:
            await store.store(unit, bars({"PG": 1.0}), fetched())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    for table in ("bars_daily", "instruments", "fetches", "settled", "watermarks"):
        assert await query(database, f"TABLE {table}") == []
    # The map of instruments must not remember what was rolled back.
    await put(database, store, bars({"PG": 1.0}), fetched())
    assert len(await query(database, STORED)) == 1


async def test_listeners_hear_of_a_change_with_its_version(database: Database, store: BarsIngestStore) -> None:
    async with database.connection() as ear:
        await ear.execute("LISTEN groat_changes")
        await put(database, store, bars({"PG": 1.0}), fetched())
        heard = [notice.payload async for notice in ear.notifies(timeout=5, stop_after=2)]
        await ear.execute("UNLISTEN *")
    assert sorted(heard) == [
        '{"dataset" : "bars_daily", "version" : 1}',
        '{"dataset" : "instruments", "version" : 1}',
    ]


async def test_two_workers_with_the_same_news_make_each_instrument_and_bar_once(database: Database) -> None:
    sessions = [DAY + timedelta(days=i) for i in range(6)]
    symbols = {f"S{i:03}": 10.0 + i for i in range(200)}
    shuffled = dict(reversed(symbols.items()))

    async def worker(closes: dict[str, float], days: list[date]) -> None:
        store = BarsIngestStore()
        for day in days:
            await put(database, store, bars(closes, day), fetched(day))

    await asyncio.gather(worker(symbols, sessions), worker(shuffled, sessions), worker(symbols, sessions[::-1]))
    assert await query(database, "SELECT count(*) FROM instruments") == [(200,)]
    assert await query(database, "SELECT count(*) FROM bars_daily") == [(1200,)]


# Batches of (session, closes): the same few symbols and sessions again and again, with few different values.
BATCHES = st.lists(
    st.tuples(
        st.integers(0, 2).map(lambda n: DAY + timedelta(days=n)),
        st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), st.sampled_from([1.0, 2.0, 3.0]), max_size=4),
        st.booleans(),
    ),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(batches=BATCHES)
async def test_storing_is_idempotent_and_every_version_is_kept(
    database: Database, batches: list[tuple[date, dict[str, float], bool]]
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "TRUNCATE bars_daily, bar_revisions, instruments, fetches, settled, watermarks, quarantine CASCADE"
        )
    store = BarsIngestStore()
    model: dict[tuple[str, date], list[float]] = {}
    for number, (day, closes, settles) in enumerate(batches):
        at = datetime(2010, 6, 1, tzinfo=UTC) + timedelta(days=number)
        versions = {symbol: model.setdefault((symbol, day), []) for symbol in closes}
        new = sum(not versions[symbol] for symbol in closes)
        changed = sum(bool(versions[s]) and versions[s][-1] != close for s, close in closes.items())
        stored = await put(database, store, plain(closes, day), fetched(day, now=at, settles=settles))
        assert (stored.inserted, stored.changed) == (new, changed)
        for symbol, close in closes.items():
            if versions[symbol][-1:] != [close]:
                versions[symbol].append(close)
        again = await put(database, store, plain(closes, day), fetched(day, now=at, settles=settles))
        assert (again.inserted, again.changed) == (0, 0)
    history: dict[tuple[str, date], list[float]] = {}
    for symbol, day, close, _, _ in await query(database, HISTORY):
        history.setdefault((symbol, day), []).append(close)
    assert history == {key: versions for key, versions in model.items() if versions}


def plain(closes: dict[str, float], day: date) -> Any:
    """Bars whose volume does not depend on their place in the reply."""
    found = bars(closes, day)
    found.volume[:] = 100.0
    return found
