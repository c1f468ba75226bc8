"""Flags over a real store: raised once, resolved by actions, corrections and late bars; no bar is ever touched."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.db.quality_flags import BarQualityStore
from app.domain.actions import ReportedAction
from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.quality import HeldRow
from app.domain.quality_panel import Panel
from app.ports.stores import Sweep
from app.services.judge_bars import judge_bars, sessions_about
from app.settings import DatabaseSettings
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep
from tests.fakes.market import fetched
from tests.fakes.panels import days, scaled, walk, without

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
AT, COLUMN = 40, 3
DAYS = days(60)
NOW = datetime(2010, 1, 4, 22, 0, tzinfo=UTC)
FLAGS = """
SELECT symbol, session, rule, state, decision FROM bar_flags f JOIN instruments i ON i.id = instrument_id ORDER BY f.id
"""
ROWS = "SELECT xmin::text, ctid::text, b.* FROM bars_daily b ORDER BY instrument_id, session"
SPLIT = ReportedAction(ref="s", symbol="S3", kind="split", ex_date=DAYS[AT], split_from=Decimal(1), split_to=Decimal(2))


class House:
    """The stores under test, and a clock that goes on an hour with each judgement."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(NOW)
        self.quality = BarQualityStore(database)

    async def ingest(self, panel: Panel, rows: slice = slice(None), **more: Any) -> None:
        found = daily(panel, rows)
        async with self.database.transaction() as unit:
            await BarsIngestStore().store(unit, found, fetched(found.sessions[0].item(), now=self.clock.now(), **more))

    async def act(self, *actions: ReportedAction, sweep: bool = False) -> None:
        self.clock.advance(timedelta(hours=1))
        whole = Sweep(kind="split", since=DAYS[0], began=self.clock.now())
        source = fetched(now=self.clock.now(), dataset=Dataset.SPLITS)
        async with self.database.transaction() as unit:
            await ActionsIngestStore().store(unit, actions, source, whole if sweep else None)

    async def judge(self) -> FakeStep:
        self.clock.advance(timedelta(hours=1))
        step = FakeStep(self.database)
        await judge_bars(self.clock, self.quality, step)
        return step

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(sql.encode())).fetchall()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield House(database)
    await database.close()


def daily(panel: Panel, rows: slice = slice(None)) -> DailyBars:
    """A panel's bars as one reply, session by session."""
    present = panel.present[rows]
    at, column = np.nonzero(present)
    return DailyBars(
        symbols=[f"S{i}" for i in column.tolist()],
        sessions=panel.sessions[rows][at],
        vwap=np.full(len(at), np.nan),
        trades=np.full(len(at), -1),
        **{name: getattr(panel, name)[rows][present] for name in ("open", "high", "low", "close", "volume")},
    )


def halved(sessions: int = 60) -> Panel:
    """A market in which S3 split two for one, and nobody said so."""
    return scaled(walk(sessions, 6, daily=0.01), slice(AT, None), COLUMN, 0.5)


async def test_what_looks_wrong_is_flagged_once(house: House) -> None:
    await house.ingest(halved())
    first = await house.judge()
    again = await house.judge()
    assert first.report is not None
    assert again.report is not None
    assert (first.report.done, first.report.details["sessions"]) == (1, 60)
    assert (again.report.done, again.report.details["sessions"]) == (0, 0)
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "jump", "open", None)]
    [(evidence, known_at)] = await house.query("SELECT evidence, known_at FROM bar_flags")
    assert evidence["looks_like"] == {"split_from": 1, "split_to": 2, "ex_date": str(DAYS[AT])}
    assert known_at == NOW + timedelta(hours=1)


async def test_only_what_is_new_is_judged_with_its_neighbours(house: House) -> None:
    panel = halved()
    await house.ingest(panel, slice(None, AT))
    await house.judge()
    await house.ingest(panel, slice(AT, AT + 1))
    step = await house.judge()
    assert step.report is not None
    assert step.report.details == {"sessions": 2, "after_actions": 0}
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "jump", "open", None)]


async def test_a_split_explains_the_jump_and_no_raw_bar_is_touched(house: House) -> None:
    await house.ingest(halved())
    await house.judge()
    before = await house.query(ROWS)
    await house.act(SPLIT)
    step = await house.judge()
    assert step.report is not None
    assert step.report.details["after_actions"] == 1
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "jump", "resolved", "a corporate action explains it")]
    assert await house.query(ROWS) == before


async def test_a_split_that_is_withdrawn_brings_the_doubt_back_as_another_row(house: House) -> None:
    await house.ingest(halved())
    await house.act(SPLIT)
    await house.judge()
    assert await house.query(FLAGS) == []
    await house.act(sweep=True)
    await house.judge()
    await house.act(SPLIT)
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "jump", "resolved", "a corporate action explains it")]
    await house.act(sweep=True)
    await house.judge()
    assert [row[3] for row in await house.query(FLAGS)] == ["resolved", "open"]


async def test_a_corrected_bar_resolves_the_doubt(house: House) -> None:
    panel = walk(60, 6, daily=0.01)
    await house.ingest(scaled(panel, slice(AT, AT + 1), COLUMN, 1.5))
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "spike", "open", None)]
    await house.ingest(panel, slice(AT, AT + 1))
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "spike", "resolved", "the bar was corrected")]


async def test_a_jump_becomes_a_spike_when_the_next_session_takes_it_back(house: House) -> None:
    panel = scaled(walk(60, 6, daily=0.01), slice(AT, AT + 1), COLUMN, 1.5)
    for rows in (slice(None, AT + 1), slice(AT + 1, AT + 2)):
        await house.ingest(panel, rows)
        await house.judge()
    assert await house.query(FLAGS) == [
        ("S3", DAYS[AT], "jump", "resolved", "it does not stand out any more"),
        ("S3", DAYS[AT], "spike", "open", None),
    ]


async def test_a_hole_is_flagged_unless_its_row_is_held_and_ends_when_the_bar_comes(house: House) -> None:
    whole = walk(60, 6, daily=0.01)
    panel = without(without(whole, [AT], COLUMN), [AT], 5)
    row = HeldRow(symbol="S5", session=DAYS[AT], rule="ohlc_order", evidence={"ohlc_order": "no"}, row={"high": 1.0})
    await house.ingest(panel, held=[row])
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "missing_session", "open", None)]
    await house.ingest(whole, slice(AT, AT + 1))
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "missing_session", "resolved", "the bar has come")]


async def test_a_judgement_that_fails_leaves_everything_to_the_next(house: House) -> None:
    await house.ingest(halved())

    class Failing(FakeStep):
        def done(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await judge_bars(house.clock, house.quality, Failing(house.database))
    step = await house.judge()
    assert step.report is not None
    assert step.report.done == 1


async def test_bars_that_come_while_judging_are_judged_next_time(house: House) -> None:
    panel = halved()
    await house.ingest(panel, slice(None, 50))
    unjudged = await house.quality.unjudged()
    await house.ingest(scaled(panel, slice(49, 50), 1, 1.001), slice(49, 50))
    async with house.database.transaction() as unit:
        await house.quality.judged(unit, unjudged)
    assert (await house.quality.unjudged()).versions == {DAYS[49]: 2}


def test_a_change_concerns_its_neighbours_and_an_ex_date_the_next_session() -> None:
    stored = DAYS[:10]
    assert sessions_about(stored, [DAYS[4]]) == DAYS[3:10]
    assert sessions_about(stored, [date(2020, 1, 1)]) == []
    saturday = DAYS[4] + timedelta(days=1)
    assert sessions_about(stored, [saturday]) == []
    assert sessions_about(stored, [saturday], is_ex_date=True) == DAYS[4:10]
