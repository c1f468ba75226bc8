"""How fresh and complete the data are, over a real store: counted where they are stored, never by reading bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.db.quality_flags import BarQualityStore
from app.db.quality_reads import QualityReadsStore
from app.domain.datasets import Dataset
from app.domain.errors import InvalidRequestError
from app.domain.quality import HeldRow
from app.services.judge_bars import judge_bars
from app.services.read_data_quality import DatasetQuality, read_data_quality, read_quality_calendar
from app.services.take_readings import quality_readings
from app.settings import DatabaseSettings
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep, ScriptedProvider, desk, session
from tests.fakes.market import bars, fetched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.services.desk import Desk

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
NEW_YORK = ZoneInfo("America/New_York")
# Twelve sessions from Monday 3 May 2010 on; the provider's data are final four hours after the close.
DAYS = [day for day in (date(2010, 5, 3) + timedelta(days=i) for i in range(17)) if day.weekday() < 5][:12]
MARKET = {f"S{i}": 10.0 + i for i in range(10)}


class Office:
    """A desk with a calendar, and ingest by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(datetime(2010, 5, 18, 21, 0, tzinfo=NEW_YORK))
        self.desk: Desk = desk(database, self.clock, ScriptedProvider())
        self.reads = QualityReadsStore(database)

    async def ingest(
        self, day: date, *, without: str = "", held: tuple[HeldRow, ...] = (), settles: bool = True
    ) -> None:
        market = {symbol: close for symbol, close in MARKET.items() if symbol not in without.split()}
        known = datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC) + timedelta(hours=2)
        async with self.database.transaction() as unit:
            source = fetched(day, now=known, settles=settles, held=held)
            await BarsIngestStore().store(unit, bars(market, day), source)

    async def bars(self) -> DatasetQuality:
        return next(one for one in await read_data_quality(self.desk, self.reads) if one.dataset is Dataset.BARS_DAILY)


@pytest.fixture
async def office(database: Database) -> Office:
    office = Office(database)
    await office.desk.sessions.put([session(day) for day in DAYS], office.clock.now())
    return office


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


async def test_an_empty_store_knows_what_it_lacks(office: Office) -> None:
    found = await read_data_quality(office.desk, office.reads)
    assert [one.dataset for one in found] == list(Dataset)
    told = await office.bars()
    assert (told.newest, told.expected_newest, told.age_s, told.completeness) == (None, DAYS[-1], None, None)
    assert told.gaps == len(DAYS)


async def test_a_whole_market_is_complete_and_as_old_as_its_last_close(office: Office) -> None:
    for day in DAYS:
        await office.ingest(day)
    told = await office.bars()
    assert (told.newest, told.gaps, told.completeness, told.provider) == (DAYS[-1], 0, 1.0, "polygon")
    assert told.age_s == (office.clock.now() - session(DAYS[-1]).close_at).total_seconds()
    assert told.known_at == datetime(2010, 5, 19, 1, 0, tzinfo=UTC)


async def test_a_session_counts_once_it_is_final(office: Office) -> None:
    for day in DAYS[:-1]:
        await office.ingest(day)
    assert (await office.bars()).gaps == 1
    office.clock.advance(timedelta(hours=-2))
    told = await office.bars()
    assert (told.gaps, told.expected_newest, told.completeness) == (0, DAYS[-2], 1.0)


async def test_holes_held_rows_and_short_answers_make_it_incomplete(office: Office) -> None:
    row = HeldRow(symbol="S7", session=DAYS[10], rule="ohlc_order", evidence={"ohlc_order": "no"}, row={"high": 1.0})
    for day in DAYS[:10]:
        await office.ingest(day)
    await office.ingest(DAYS[10], without="S3 S7", held=(row,))
    await office.ingest(DAYS[11])
    await judge_bars(office.clock, BarQualityStore(office.database), FakeStep(office.database))
    told = await office.bars()
    assert told.completeness == pytest.approx(118 / 120)
    assert told.held == {"ohlc_order": 1}
    assert told.flags["missing_session"] == 1


async def test_a_gap_is_expected_to_be_as_large_as_its_neighbours(office: Office) -> None:
    for day in DAYS:
        if day != DAYS[6]:
            await office.ingest(day)
    await office.ingest(DAYS[6], without="S0 S1 S2 S3", settles=False)
    calendar = await read_quality_calendar(office.desk, office.reads, DAYS[5], DAYS[8])
    assert [(one.session, one.settled, one.expected, one.stored) for one in calendar] == [
        (DAYS[5], True, 10, 10),
        (DAYS[6], False, 10, 6),
        (DAYS[7], True, 10, 10),
    ]
    assert all(one.final for one in calendar)
    assert (await office.bars()).completeness == pytest.approx(116 / 120)


async def test_a_calendar_ends_where_the_market_is(office: Office) -> None:
    office.clock.advance(timedelta(days=-5))
    calendar = await read_quality_calendar(office.desk, office.reads, date(1, 1, 1), date(10, 1, 1))
    assert calendar == []
    calendar = await read_quality_calendar(office.desk, office.reads, DAYS[0], date(2011, 1, 1))
    assert [one.session for one in calendar] == [day for day in DAYS if day <= date(2010, 5, 13)]
    for first, last in ((DAYS[1], DAYS[1]), (DAYS[1], DAYS[0]), (date(1990, 1, 1), date(2010, 1, 1))):
        with pytest.raises(InvalidRequestError, match="exclusive"):
            await read_quality_calendar(office.desk, office.reads, first, last)


async def test_readings_are_what_is_told(office: Office) -> None:
    await office.ingest(DAYS[-1], without="S1")
    found = await read_data_quality(office.desk, office.reads)
    readings = quality_readings(found)
    assert readings["groat_data_gaps"] == {("bars_daily",): 11.0}
    assert readings["groat_data_freshness_seconds"].keys() == {("bars_daily",)}
    assert readings["groat_data_completeness_ratio"][("bars_daily",)] == pytest.approx(1 / 12)


async def test_instrument_wise_datasets_tell_whom_somebody_was_asked_about(office: Office) -> None:
    await office.ingest(DAYS[-1])
    async with office.database.connection() as connection:
        await connection.execute(
            "INSERT INTO asks SELECT 'profiles', id, whom, now(), 0, now() FROM instruments,"
            " unnest(ARRAY['finnhub', 'alpha_vantage']) AS whom WHERE symbol IN ('S1', 'S2', 'S3')"
        )
    found = {one.dataset: one.completeness for one in await read_data_quality(office.desk, office.reads)}
    assert found[Dataset.PROFILES] == pytest.approx(0.3)
    assert found[Dataset.NEWS] is None
