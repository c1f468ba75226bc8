"""The main job over real stores: what is planned, stored, settled, deferred, refused."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.db.engine import Database
from app.domain.actions import ReportedAction
from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError, LaterError
from app.domain.fetch_plan import FetchPlan
from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.domain.quality import HeldRow
from app.domain.quotas import Outcome
from app.ports.providers import (
    ActionsPage,
    ActionsReply,
    BarsOfDay,
    ListedTicker,
    ProviderError,
    TickersPage,
    TickersReply,
)
from app.services.desk import Desk
from app.services.fetch_run import backfill_request, fetch_part, sum_up_run
from app.services.plan_fetches import EVERYTHING, PlanRequest, plan_fetches
from app.services.plan_runs import plan_run
from app.settings import DatabaseSettings
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import MONDAY, PAYLOAD, FakeStep, ScriptedProvider, answer, desk, session
from tests.fakes.market import bars

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NEW_YORK = ZoneInfo("America/New_York")
# Monday to Friday of one week; now is Thursday evening, after Thursday's data are final.
WEEK = [MONDAY + timedelta(days=i) for i in range(5)]
THURSDAY = WEEK[3]
BARS = frozenset({Dataset.BARS_DAILY})
MARKET = {f"S{i}": 10.0 + i for i in range(10)}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2010, 5, 6, 20, 30, tzinfo=NEW_YORK))


@pytest.fixture
def polygon() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
async def office(database: Database, clock: ManualClock, polygon: ScriptedProvider) -> Desk:
    office = desk(database, clock, polygon)
    await office.sessions.put([session(day) for day in [date(2010, 4, 30), *WEEK]], clock.now())
    await office.ledger.declare(polygon.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    return office


def subjects(plan: FetchPlan, dataset: Dataset = Dataset.BARS_DAILY) -> list[str]:
    return [call.subject for call in plan.calls if call.dataset is dataset]


async def fetch(office: Desk, database: Database, dataset: str = "bars_daily", **args: Any) -> FakeStep:
    whole = {"provider": "polygon", "dataset": dataset, "subject": str(THURSDAY), "on": str(THURSDAY), **args}
    step = FakeStep(database, whole)
    await fetch_part(office, step)
    assert step.report is not None
    return step


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()


async def test_the_plan_is_the_calendar_without_what_is_settled(
    office: Desk, database: Database, polygon: ScriptedProvider, clock: ManualClock
) -> None:
    plan = await plan_fetches(office, PlanRequest(datasets=BARS))
    assert subjects(plan) == ["2010-05-06", "2010-05-05", "2010-05-04", "2010-05-03"]
    polygon.answers = [answer(bars(MARKET, WEEK[2]), WEEK[2])]
    await fetch(office, database, subject=str(WEEK[2]))
    assert subjects(await plan_fetches(office, PlanRequest(datasets=BARS))) == [
        "2010-05-06",
        "2010-05-04",
        "2010-05-03",
    ]
    window = PlanRequest(datasets=BARS, window=Span(date(2010, 4, 1), WEEK[3]), force=True)
    plan = await plan_fetches(office, window)
    assert subjects(plan) == ["2010-05-05", "2010-05-04", "2010-05-03"]
    assert [(gap.subject, gap.reason) for gap in plan.deferred] == [
        ("2010-04-30", "older than the provider's plan goes")
    ]
    clock.advance(timedelta(hours=-2))
    plan = await plan_fetches(office, PlanRequest(datasets=BARS))
    assert "2010-05-06" not in subjects(plan)
    assert plan.deferred[0].reason == "the session is not final yet"


async def test_everything_is_planned_in_order(office: Desk) -> None:
    plan = await plan_fetches(office, EVERYTHING)
    assert [(call.dataset.value, call.subject) for call in plan.calls] == [
        ("bars_daily", "2010-05-06"),
        ("splits", "2010-05-03"),
        ("dividends", "2010-05-03"),
        ("earnings", "2010-04-22..2010-05-20"),
        ("bars_daily", "2010-05-05"),
        ("bars_daily", "2010-05-04"),
        ("bars_daily", "2010-05-03"),
        ("instruments", ""),
    ]


async def test_an_empty_calendar_and_a_missing_key_are_said(database: Database, clock: ManualClock) -> None:
    plan = await plan_fetches(desk(database, clock), EVERYTHING)
    assert plan.calls == ()
    assert "groat migrate" in plan.deferred[0].reason
    assert {gap.dataset.value for gap in plan.deferred[1:]} == {"splits", "dividends", "earnings", "instruments"}
    assert all("_API_KEY" in gap.reason for gap in plan.deferred[1:])


async def test_a_session_is_stored_and_settled_over_the_weekend(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    await office.sessions.put([session(date(2010, 5, 10))], office.clock.now())
    bad = HeldRow(symbol="Z", session=WEEK[4], rule="unreadable", evidence={}, row={})
    found = bars({**MARKET, "BAD": 5.0}, WEEK[4])
    found.high[10] = 1.0
    polygon.answers = [answer(found, WEEK[4], [bad])]
    step = await fetch(office, database, subject=str(WEEK[4]))
    assert step.report == StepReport(done=10, skipped={"held": 2})
    assert await office.coverage.settled(Dataset.BARS_DAILY) == (Span(date(2010, 5, 7), date(2010, 5, 10)),)
    assert await rows(database, "SELECT symbol, rule FROM quarantine ORDER BY 1") == [
        ("BAD", "ohlc_order"),
        ("Z", "unreadable"),
    ]
    assert await rows(database, "SELECT count(*) FROM bars_daily") == [(10,)]


async def test_what_was_answered_meanwhile_is_not_asked_again_unless_forced(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [answer(bars(MARKET, THURSDAY), THURSDAY)]
    await fetch(office, database)
    step = await fetch(office, database)
    assert step.report == StepReport(skipped={"answered meanwhile": 1})
    polygon.answers = [answer(bars({**MARKET, "S3": 99.0}, THURSDAY), THURSDAY)]
    await fetch(office, database, force=True)
    assert polygon.asked == [BarsOfDay(session=THURSDAY), BarsOfDay(session=THURSDAY)]
    assert await rows(database, "SELECT count(*) FROM bar_revisions") == [(1,)]


async def test_a_short_reply_is_stored_but_stays_a_gap_until_it_comes_again_a_day_later(
    office: Desk, database: Database, polygon: ScriptedProvider, clock: ManualClock
) -> None:
    few = {symbol: MARKET[symbol] for symbol in list(MARKET)[:7]}
    for day in WEEK[:3]:
        polygon.answers = [answer(bars(MARKET, day), day)]
        await fetch(office, database, subject=str(day))
    polygon.answers = [answer(bars(few, THURSDAY), THURSDAY) for _ in range(3)]
    step = await fetch(office, database)
    assert step.report is not None
    assert (step.report.done, step.report.left) == (7, 1)
    assert "7 sound rows and at least 8" in step.report.notes[0]
    assert subjects(await plan_fetches(office, PlanRequest(datasets=BARS))) == [str(THURSDAY)]
    clock.advance(timedelta(hours=4))
    assert (await fetch(office, database)).report.left == 1  # type: ignore[union-attr]  # fetch() checks it
    clock.advance(timedelta(hours=17))
    assert (await fetch(office, database)).report == StepReport(done=7)
    assert await rows(database, "SELECT count(*) FROM bars_daily WHERE session = '2010-05-06'") == [(7,)]
    assert str(THURSDAY) not in subjects(await plan_fetches(office, PlanRequest(datasets=BARS)))


async def test_a_session_without_any_bar_is_a_gap_at_first(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [answer(bars({}, THURSDAY), THURSDAY)]
    step = await fetch(office, database)
    assert step.report is not None
    assert step.report.left == 1
    assert await office.coverage.settled(Dataset.BARS_DAILY) == ()


@pytest.mark.parametrize(("outcome", "raised"), [
    (Outcome.RATE_LIMITED, LaterError),
    (Outcome.BAD_KEY, GiveUpError),
    (Outcome.BAD_REQUEST, GiveUpError),
    (Outcome.MALFORMED, ProviderError),
    (Outcome.SERVER_ERROR, ProviderError),
    (Outcome.UNREACHABLE, ProviderError),
])  # fmt: skip
async def test_failures_defer_bury_or_fail_the_step_and_store_nothing(
    office: Desk, database: Database, polygon: ScriptedProvider, outcome: Outcome, raised: type[Exception]
) -> None:
    polygon.answers = [ProviderError("no", outcome=outcome, wait_s=7)]
    with pytest.raises(raised) as caught:
        await fetch(office, database)
    if isinstance(caught.value, LaterError):
        assert caught.value.wait_s == 7
    assert await rows(database, "SELECT count(*) FROM fetches") == [(0,)]


@pytest.mark.parametrize("outcome", [Outcome.NOT_YET_FINAL, Outcome.NOT_FOUND])
async def test_what_is_not_there_yet_ends_the_step_and_stays_a_gap(
    office: Desk, database: Database, polygon: ScriptedProvider, outcome: Outcome
) -> None:
    polygon.answers = [ProviderError("not yet", outcome=outcome)]
    step = await fetch(office, database)
    assert step.report == StepReport(skipped={outcome.value: 1}, left=1, notes=("not yet",))
    assert str(THURSDAY) in subjects(await plan_fetches(office, PlanRequest(datasets=BARS)))


async def test_refusals_are_learnt_and_the_plan_leaves_them_until_they_are_due(
    office: Desk, database: Database, polygon: ScriptedProvider, clock: ManualClock
) -> None:
    old = [date(2009, 6, 1) + timedelta(days=i) for i in range(3)]
    since = {d: msgspec.structs.replace(a, since=old[0]) for d, a in polygon.abilities.items()}
    polygon.abilities = since
    await office.sessions.put([session(day) for day in old], office.clock.now())
    too_old = ProviderError("too old", outcome=Outcome.NOT_ENTITLED, out_of_range=True)
    polygon.answers = [too_old, too_old, ProviderError("not in the plan", outcome=Outcome.NOT_ENTITLED)]
    await fetch(office, database, subject=str(old[1]))
    # The newest session may be refused with the same words; nothing older is given up for that.
    await fetch(office, database, subject=str(THURSDAY))
    await fetch(office, database, "splits", subject=str(MONDAY))
    plan = await plan_fetches(office, EVERYTHING)
    assert subjects(plan)[-1] == str(old[2])
    assert subjects(plan)[0] == str(THURSDAY)
    assert subjects(plan, Dataset.SPLITS) == []
    assert {(gap.dataset.value, gap.subject, gap.reason) for gap in plan.deferred} >= {
        ("bars_daily", f"{old[0]} to {old[1]} (2 sessions)", "too old"),
        ("splits", str(old[0]), "not in the plan"),
    }
    clock.advance(timedelta(days=8))
    assert subjects(await plan_fetches(office, EVERYTHING), Dataset.SPLITS) == [str(old[0])]


def tickers(cursor: str | None, *symbols: str) -> TickersReply:
    return TickersReply(
        tickers=[ListedTicker(symbol=symbol) for symbol in symbols], unreadable=[], cursor=cursor, payload=PAYLOAD
    )


async def test_a_sweep_hands_its_pages_on_and_is_settled_by_the_last(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [tickers("next", "A", "B", "B"), tickers(None, "C")]
    step = await fetch(office, database, "instruments", subject="")
    (part,) = step.parts
    assert (part.step, part.part) == ("fetch", "instruments:2010-05-06:0002")
    assert part.args["cursor"] == "next"
    assert await office.coverage.settled(Dataset.INSTRUMENTS) == ()
    last = FakeStep(database, part.args, part.part)
    await fetch_part(office, last)
    assert [(part.part, part.args["subject"], part.args["cursor"]) for part in last.parts] == [
        ("instruments:inactive", "inactive", None)
    ]
    assert polygon.asked == [TickersPage(), TickersPage(cursor="next")]
    assert await office.coverage.settled(Dataset.INSTRUMENTS) == (Span(THURSDAY, WEEK[4]),)
    assert await rows(database, "SELECT symbol FROM instruments ORDER BY 1") == [("A",), ("B",), ("C",)]
    assert subjects(await plan_fetches(office, EVERYTHING), Dataset.INSTRUMENTS) == []


async def test_a_cursor_that_leads_in_circles_is_an_error(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [tickers("same", "A")]
    with pytest.raises(ProviderError, match="circles"):
        await fetch(office, database, "instruments", subject="", cursor="same", page=2)
    assert await rows(database, "SELECT count(*) FROM instruments") == [(0,)]


async def test_actions_are_checked_stored_and_settled_to_the_present(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    good = ReportedAction(
        ref="1", symbol="PG", kind="split", ex_date=THURSDAY, split_from=Decimal(1), split_to=Decimal(2)
    )
    bad = ReportedAction(
        ref="2", symbol="KO", kind="split", ex_date=THURSDAY, split_from=Decimal(0), split_to=Decimal("NaN")
    )
    twice = ReportedAction(
        ref="1", symbol="PG", kind="split", ex_date=THURSDAY, split_from=Decimal(1), split_to=Decimal(3)
    )
    polygon.answers = [
        ActionsReply(actions=[good, bad], unreadable=[], cursor=None, payload=PAYLOAD),
        ActionsReply(actions=[good, twice], unreadable=[], cursor=None, payload=PAYLOAD),
    ]
    step = await fetch(office, database, "splits", subject=str(MONDAY))
    assert step.report == StepReport(done=1, skipped={"held": 1})
    assert polygon.asked == [ActionsPage(dataset=Dataset.SPLITS, since=MONDAY)]
    assert await office.coverage.settled(Dataset.SPLITS) == (Span(MONDAY, WEEK[4]),)
    step = await fetch(office, database, "splits", subject=str(MONDAY))
    assert step.report == StepReport(done=0, skipped={"held": 2})
    assert await rows(database, "SELECT split_to, superseded_at FROM corporate_actions") == [(2, None)]
    assert await rows(database, "SELECT DISTINCT rule FROM quarantine ORDER BY 1") == [("duplicate",), ("split_ratio",)]


@pytest.mark.parametrize("second", ["clean", "unsound"])
async def test_a_split_that_is_withdrawn_ends_unless_the_sweep_had_rows_that_could_not_be_stored(
    office: Desk, database: Database, polygon: ScriptedProvider, clock: ManualClock, second: str
) -> None:
    split = ReportedAction(
        ref="1", symbol="PG", kind="split", ex_date=THURSDAY, split_from=Decimal(1), split_to=Decimal(2)
    )
    other = msgspec.structs.replace(split, ref="2", symbol="KO")
    odd = [] if second == "clean" else [msgspec.structs.replace(split, ref="3", split_to=Decimal(-2))]
    polygon.answers = [
        ActionsReply(actions=[split, other], unreadable=[], cursor=None, payload=PAYLOAD),
        ActionsReply(actions=odd, unreadable=[], cursor="more", payload=PAYLOAD),
        ActionsReply(actions=[other], unreadable=[], cursor=None, payload=PAYLOAD),
    ]
    await fetch(office, database, "splits", subject=str(MONDAY), began=clock.now().isoformat())
    clock.advance(timedelta(hours=1))
    first = await fetch(office, database, "splits", subject=str(MONDAY), began=clock.now().isoformat())
    await fetch_part(office, FakeStep(database, first.parts[0].args, first.parts[0].part))
    gone = await rows(database, "SELECT symbol FROM corporate_actions JOIN instruments i ON i.id = instrument_id"
                                " WHERE superseded_at IS NOT NULL")  # fmt: skip
    assert gone == ([("PG",)] if second == "clean" else [])


async def test_a_run_plans_parts_and_sums_up(office: Desk, database: Database, polygon: ScriptedProvider) -> None:
    step = FakeStep(database)
    await plan_run(office, step, PlanRequest(datasets=BARS))
    assert [part.part for part in step.parts][:2] == ["bars_daily:2010-05-06", "bars_daily:2010-05-05"]
    assert [part.delay_s for part in step.parts] == [0, 0, 0, 0]
    polygon.answers = [answer(bars(MARKET, THURSDAY), THURSDAY)]
    fetched = FakeStep(database, step.parts[0].args, step.parts[0].part)
    await fetch_part(office, fetched)
    end = FakeStep(database)
    await sum_up_run(office, end)
    assert end.report is not None
    assert end.report.details == {"bars_daily": {"rows": 10, "inserted": 10, "changed": 0, "unchanged": 0, "held": 0}}


def test_a_backfill_says_its_dates_or_gives_up(database_url: str) -> None:
    def request(**args: object) -> PlanRequest | None:
        return backfill_request(FakeStep(Database(DatabaseSettings(url=database_url), name="none"), args), BARS)

    assert request() is None
    assert request(**{"from": "2010-05-03", "until": "2010-05-05", "force": True}) == PlanRequest(
        datasets=BARS, window=Span(MONDAY, WEEK[2]), force=True
    )
    with pytest.raises(GiveUpError, match="YYYY-MM-DD"):
        request(**{"from": "yesterday", "until": "2010-05-05"})
