"""A second provider's word: what is asked for, what it confirms, what it contradicts, and that it changes no bar."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.db.bars import Bars
from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.db.lanes import EVERY_CHUNK, Lanes
from app.db.quality_disagreements import BarDisagreements
from app.db.symbol_bars_ingest import SymbolBarsIngestStore
from app.domain.bars import Adjustment, Timeframe
from app.domain.datasets import Dataset
from app.domain.fetch_plan import Refusal
from app.ports.fact_reads import DisagreementQuery
from app.ports.providers import Ability
from app.ports.reads import BarQuery
from app.ports.stores import Fetched
from app.services.fetch_calls import FetchCall
from app.services.judge_opinions import MOST_A_DAY, compare_opinions, plan_opinions
from app.services.read_bars import read_bars
from app.settings import DatabaseSettings
from tests.fakes.fetching import FakeStep, ScriptedProvider, desk
from tests.fakes.market import fetched
from tests.fakes.panels import days, scaled, walk, without
from tests.services.test_judge_bars import AT, COLUMN, DAYS, FLAGS, NOW, ROWS, SPLIT, House, daily, halved

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.quality_panel import Panel

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
SECOND = "alpha_vantage"


class Office(House):
    """The stores under test, a first provider that brought the bars, and a second one."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.first, self.second = ScriptedProvider(), ScriptedProvider()
        self.second.name = SECOND
        self.second.allowance = msgspec.structs.replace(self.second.allowance, id="second", provider=SECOND)
        self.second.abilities = {
            Dataset.SYMBOL_BARS: Ability(dataset=Dataset.SYMBOL_BARS, history=timedelta(days=400), subjects=1)
        }
        self.desk = desk(database, self.clock, self.first, self.second)

    async def plan(self) -> FakeStep:
        step = FakeStep(self.database)
        await plan_opinions(self.desk, self.quality, step)
        return step

    async def say(self, panel: Panel, column: int, provider: str = SECOND) -> None:
        """Let a provider tell the bars of one instrument."""
        alone = without(panel, [], column)
        for other in range(len(panel.instruments)):
            if other != column:
                alone = without(alone, range(len(panel.sessions)), other)
        source = fetched(now=self.clock.now(), dataset=Dataset.SYMBOL_BARS, settles=False)
        named = {name: getattr(source, name) for name in Fetched.__struct_fields__}
        async with self.database.transaction() as unit:
            store = SymbolBarsIngestStore(BarsIngestStore())
            await store.store(unit, daily(alone), Fetched(**{**named, "provider": provider}))

    async def compare(self) -> None:
        self.clock.advance(timedelta(hours=1))
        await compare_opinions(self.desk, self.quality, FakeStep(self.database))


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Office]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield Office(database)
    await database.close()


async def test_a_doubt_is_asked_about_once_a_week_and_of_another_provider(house: Office) -> None:
    await house.ingest(halved())
    await house.judge()
    step = await house.plan()
    [call] = [FetchCall(**{**part.args, "dataset": Dataset(str(part.args["dataset"]))}) for part in step.parts]  # type: ignore[arg-type]  # a part's arguments are a call's
    assert (call.provider, call.dataset, call.subject) == (SECOND, Dataset.SYMBOL_BARS, "S3")
    assert (await house.plan()).parts == []
    house.clock.advance(timedelta(days=8))
    assert len((await house.plan()).parts) == 1


async def test_no_more_is_asked_in_a_day_than_is_fair(house: Office) -> None:
    panel = walk(60, MOST_A_DAY + 5, daily=0.01)
    for column in range(MOST_A_DAY + 5):
        panel = scaled(panel, slice(AT + column % 3, None), column, 0.5)
    await house.ingest(panel)
    await house.judge()
    assert len((await house.plan()).parts) == MOST_A_DAY
    assert (await house.plan()).parts == []
    house.clock.advance(timedelta(days=1, hours=1))
    assert len((await house.plan()).parts) == 5


async def test_without_a_second_provider_it_says_so(house: Office) -> None:
    await house.ingest(halved())
    await house.judge()
    house.desk = desk(house.database, house.clock, house.first)
    step = await house.plan()
    assert step.report is not None
    assert (step.report.left, len(step.parts)) == (1, 0)
    assert "no second provider" in step.report.notes[0]


async def test_a_provider_that_refuses_is_not_asked_until_the_refusal_is_due(house: Office) -> None:
    await house.ingest(halved())
    await house.judge()
    refusal = Refusal(
        dataset=Dataset.SYMBOL_BARS, reason="premium", ask_again=house.clock.now() + timedelta(days=7), through=None
    )
    await house.desk.ledger.declare(house.second.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    async with house.database.transaction() as unit:
        await house.desk.coverage.refuse(unit, house.second.allowance, refusal, house.clock.now())
    assert (await house.plan()).parts == []
    house.clock.advance(timedelta(days=8))
    assert len((await house.plan()).parts) == 1


async def test_what_is_older_than_the_second_provider_goes_is_left(house: Office) -> None:
    await house.ingest(halved())
    await house.judge()
    house.second.abilities = {Dataset.SYMBOL_BARS: Ability(dataset=Dataset.SYMBOL_BARS, history=timedelta(days=100))}
    assert (await house.plan()).parts == []


async def test_a_second_provider_that_agrees_confirms_for_good(house: Office) -> None:
    panel = halved()
    await house.ingest(panel)
    await house.judge()
    await house.say(panel, COLUMN)
    before = await house.query(ROWS)
    await house.compare()
    confirmed = [("S3", DAYS[AT], "jump", "confirmed", "alpha_vantage says the same")]
    assert await house.query(FLAGS) == confirmed
    await house.act(SPLIT)
    await house.act(sweep=True)
    await house.judge()
    assert await house.query(FLAGS) == confirmed
    assert await house.query(ROWS) == before


async def test_a_second_provider_that_differs_is_a_doubt_until_the_two_agree(house: Office) -> None:
    panel = walk(60, 6, daily=0.01)
    await house.ingest(panel)
    await house.say(scaled(panel, slice(AT, AT + 1), COLUMN, 0.5), COLUMN)
    before = await house.query(ROWS)
    await house.compare()
    await house.judge()
    assert await house.query(FLAGS) == [("S3", DAYS[AT], "provider_difference", "open", None)]
    [(evidence,)] = await house.query("SELECT evidence FROM bar_flags")
    assert (evidence["ratio"], evidence["columns"]) == ("2:1", ["open", "high", "low", "close"])
    assert await house.query(ROWS) == before
    house.clock.advance(timedelta(hours=1))
    await house.say(panel, COLUMN)
    await house.compare()
    assert await house.query(FLAGS) == [
        ("S3", DAYS[AT], "provider_difference", "resolved", "alpha_vantage says the same now")
    ]


async def test_a_difference_is_told_number_by_number_as_it_stood(house: Office) -> None:
    panel = walk(60, 6, daily=0.01)
    await house.ingest(panel)
    await house.say(scaled(panel, slice(AT, AT + 1), COLUMN, 0.5), COLUMN)
    await house.compare()
    compared = house.clock.now()
    reads = BarDisagreements(house.database)
    whole = DisagreementQuery(instruments=None, as_of=None, after=None, limit=10)
    found = await reads.page(whole)
    assert [one.subject for one in found] == [f"{DAYS[AT]} {name}" for name in ("close", "high", "low", "open")]
    assert [(one.difference, one.tolerance) for one in found[:2]] == [(0.5, 0.002), (0.5, 0.01)]
    ours, theirs = found[0].opinions
    assert (ours.provider, ours.value, ours.known_at) == ("polygon", panel.close[AT, COLUMN], NOW)
    assert (theirs.provider, theirs.value, theirs.known_at) == (SECOND, panel.close[AT, COLUMN] / 2, NOW)
    first = await reads.page(msgspec.structs.replace(whole, limit=2))
    rest = await reads.page(msgspec.structs.replace(whole, after=(first[-1].symbol, first[-1].subject)))
    assert [*first, *rest] == found
    house.clock.advance(timedelta(hours=1))
    await house.say(panel, COLUMN)
    await house.compare()
    assert await reads.page(whole) == []
    assert await reads.page(msgspec.structs.replace(whole, as_of=compared)) == found
    assert await reads.page(msgspec.structs.replace(whole, as_of=compared - timedelta(seconds=1))) == []
    (number,) = {row[0] for row in await house.query("SELECT id FROM instruments WHERE symbol = 'S3'")}
    assert await reads.page(msgspec.structs.replace(whole, as_of=compared, instruments=(number,))) == found
    assert await reads.page(msgspec.structs.replace(whole, as_of=compared, instruments=(number + 1,))) == []


async def test_a_provider_does_not_confirm_itself(house: Office) -> None:
    panel = halved()
    await house.ingest(panel)
    await house.judge()
    await house.say(panel, COLUMN, "polygon")
    await house.compare()
    assert [row[3] for row in await house.query(FLAGS)] == ["open"]
    assert await house.quality.pairs([]) == []


async def test_a_hole_in_both_is_confirmed_and_one_in_ours_alone_is_filled(house: Office) -> None:
    whole = walk(60, 6, daily=0.01)
    ours = without(without(whole, [AT], COLUMN), [AT], 5)
    await house.ingest(ours)
    await house.judge()
    assert len((await house.plan()).parts) == 2
    await house.say(ours, COLUMN)
    await house.say(whole, 5)
    await house.compare()
    await house.judge()
    assert sorted(await house.query(FLAGS)) == [
        ("S3", DAYS[AT], "missing_session", "confirmed", "alpha_vantage has no bar of it either"),
        ("S5", DAYS[AT], "missing_session", "resolved", "the bar has come"),
    ]


async def test_a_new_split_restates_adjusted_reads_and_touches_no_raw_bar(house: Office, database_url: str) -> None:
    await house.ingest(halved())
    raw = await house.query(ROWS)
    lanes = Lanes(DatabaseSettings(url=database_url), name="test", planner=EVERY_CHUNK)

    async def closes(adjusted: Adjustment, **more: Any) -> list[float]:
        query = BarQuery(
            symbols=("S3",),
            timeframe=Timeframe.DAY,
            from_=DAYS[0],
            until=DAYS[-1] + timedelta(days=1),
            adjusted=adjusted,
            today=NOW.date(),
            **more,
        )
        found: Any = await read_bars(Bars(lanes), query, shape=None, max_rows=1_000)
        return list(found.found[0][1].close)

    as_traded = await closes(Adjustment.NONE)
    known = house.clock.now()
    assert await closes(Adjustment.SPLITS) == as_traded
    await house.act(SPLIT)
    restated = await closes(Adjustment.SPLITS)
    assert restated == [close * (0.5 if i < AT else 1.0) for i, close in enumerate(as_traded)]
    assert await closes(Adjustment.NONE) == as_traded
    assert await closes(Adjustment.SPLITS, as_of=known) == as_traded
    assert await house.query(ROWS) == raw
    assert days(60)[AT] == SPLIT.ex_date
    await lanes.close()
