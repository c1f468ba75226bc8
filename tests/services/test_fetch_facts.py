"""Calls about one company, and about the dates of reports: stored, held back, asked for in vain."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from app.db.engine import Database
from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.errors import GiveUpError, LaterError
from app.domain.fundamentals import CompanyFacts
from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.domain.quality import HeldRow
from app.domain.quotas import Outcome
from app.domain.quotes import ReportedQuote
from app.ports.providers import (
    BarsOfSymbol,
    CompanyOf,
    CompanyReply,
    EarningsBetween,
    EarningsReply,
    ProviderError,
    QuoteOf,
    QuoteReply,
    SymbolBarsReply,
)
from app.services.desk import Desk
from app.services.fetch_run import fetch_part
from app.settings import DatabaseSettings
from tests.db.market import Market, bar
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import MONDAY, PAYLOAD, FakeStep, ScriptedProvider, desk, session
from tests.fakes.market import bars

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NOW = datetime(2010, 5, 7, 0, 30, tzinfo=UTC)
WEEK = [MONDAY + timedelta(days=i) for i in range(5)]
QUOTE = ReportedQuote(symbol="PG", at=NOW - timedelta(hours=4), price=60.75)
REPORT = ReportedEarnings(symbol="PG", fiscal_year=2010, fiscal_quarter=3, report_date=MONDAY, eps_actual=0.89)
STRANGE = HeldRow(symbol="PG", session=None, rule="unreadable", evidence={}, row={})
ASKS = """
SELECT a.dataset, i.symbol, a.provider, a.misses, a.asked_at
FROM asks a JOIN instruments i ON i.id = a.instrument_id ORDER BY 1, 2
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def market(database_url: str) -> Iterator[Market]:
    market = Market(database_url)
    yield market
    market.close()


@pytest.fixture
def polygon() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
async def office(database: Database, market: Market, polygon: ScriptedProvider) -> Desk:
    for symbol in ("PG", "KO"):
        market.instrument(symbol)
    clock = ManualClock(NOW)
    office = desk(database, clock, polygon)
    await office.sessions.put([session(day) for day in WEEK], clock.now())
    await office.ledger.declare(polygon.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    return office


async def fetch(office: Desk, database: Database, dataset: Dataset, subject: str = "PG") -> StepReport:
    args = {"provider": "polygon", "dataset": dataset, "subject": subject, "on": "2010-05-06"}
    step = FakeStep(database, args, f"{dataset}:{subject}")
    await fetch_part(office, step)
    assert step.report is not None
    return step.report


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()


def company(symbol: str = "PG", unreadable: list[HeldRow] | None = None, **facts: float | str) -> CompanyReply:
    told = CompanyFacts(symbol=symbol, facts=facts)
    return CompanyReply(company=told, unreadable=unreadable or [], payload=PAYLOAD)


async def test_facts_are_stored_and_only_the_unsound_ones_are_held(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [company(beta=0.5, mood=1.0, pe_ttm=float("inf"), unreadable=[STRANGE])]
    report = await fetch(office, database, Dataset.FUNDAMENTALS)
    assert report == StepReport(done=1, skipped={"held": 3})
    assert polygon.asked == [CompanyOf(dataset=Dataset.FUNDAMENTALS, symbol="PG")]
    found = await rows(database, "SELECT dataset, provider, facts, known_at FROM company_facts")
    assert found == [("fundamentals", "polygon", {"beta": 0.5}, NOW)]
    held = await rows(database, "SELECT rule, evidence->>'mood', row->'mood' FROM quarantine ORDER BY rule, row::text")
    assert held == [
        ("fact", "fundamentals has no fact of this name", 1),
        ("fact", None, None),
        ("unreadable", None, None),
    ]
    assert await rows(database, ASKS) == [("fundamentals", "PG", "polygon", 0, NOW)]
    assert await rows(database, "SELECT subject, row_count, held, settles, step FROM fetches") == [
        ("PG", 1, 3, False, "1/fetch/fundamentals:PG")
    ]


async def test_a_company_that_the_provider_does_not_know_is_a_miss_and_ends_nothing(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.answers = [company(name="Procter & Gamble"), company(), ProviderError("who?", outcome=Outcome.NOT_FOUND)]
    await fetch(office, database, Dataset.PROFILES)
    assert await fetch(office, database, Dataset.PROFILES) == StepReport(skipped={"nothing known": 1})
    report = await fetch(office, database, Dataset.PROFILES)
    assert report == StepReport(skipped={"not_found": 1}, notes=("who?",))
    assert await rows(database, ASKS) == [("profiles", "PG", "polygon", 2, NOW)]
    found = await rows(database, "SELECT facts->>'name', superseded_at FROM company_facts")
    assert found == [("Procter & Gamble", None)]


@pytest.mark.parametrize("dataset", [Dataset.PROFILES, Dataset.FUNDAMENTALS, Dataset.QUOTES, Dataset.SYMBOL_BARS])
async def test_what_is_no_instrument_costs_no_call_and_is_not_invented(
    office: Desk, database: Database, polygon: ScriptedProvider, dataset: Dataset
) -> None:
    report = await fetch(office, database, dataset, "NOPE")
    assert report.skipped == {"no instrument": 1}
    assert "NOPE" in report.notes[0]
    with pytest.raises(GiveUpError, match="one symbol"):
        await fetch(office, database, dataset, "PG,KO")
    assert polygon.asked == []
    assert await rows(database, "SELECT count(*) FROM instruments") == [(2,)]
    assert await rows(database, ASKS) == []


@pytest.mark.parametrize("dataset", [Dataset.FUNDAMENTALS, Dataset.QUOTES, Dataset.SYMBOL_BARS])
async def test_failures_defer_bury_or_fail_the_step_and_refusals_are_learnt(
    office: Desk, database: Database, polygon: ScriptedProvider, dataset: Dataset
) -> None:
    for outcome, raised in (
        (Outcome.RATE_LIMITED, LaterError),
        (Outcome.BAD_KEY, GiveUpError),
        (Outcome.MALFORMED, ProviderError),
    ):
        polygon.answers = [ProviderError("no", outcome=outcome, wait_s=7)]
        with pytest.raises(raised):
            await fetch(office, database, dataset)
    polygon.answers = [ProviderError("premium", outcome=Outcome.NOT_ENTITLED)]
    assert (await fetch(office, database, dataset)).left == 1
    (refusal,) = await office.coverage.refusals(polygon.allowance)
    assert (refusal.dataset, refusal.reason) == (dataset, "premium")
    polygon.answers = [ProviderError("too old", outcome=Outcome.NOT_ENTITLED, out_of_range=True)]
    assert (await fetch(office, database, dataset)).notes == ("too old",)
    assert await rows(database, "SELECT count(*) FROM fetches") == [(0,)]
    assert await rows(database, "SELECT misses FROM asks") == [(1,)]


async def test_an_answer_about_another_symbol_is_malformed(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    other = msgspec.structs.replace(QUOTE, symbol="KO")
    polygon.answers = [company("KO", beta=1.0), QuoteReply(quote=other, unreadable=[], payload=PAYLOAD)]
    for dataset in (Dataset.FUNDAMENTALS, Dataset.QUOTES):
        with pytest.raises(ProviderError, match="answered about KO"):
            await fetch(office, database, dataset)


async def test_a_quote_is_stored_a_wrong_one_held_and_none_is_a_miss(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    wrong = msgspec.structs.replace(QUOTE, at=NOW + timedelta(days=1))
    polygon.answers = [QuoteReply(quote=quote, unreadable=[], payload=PAYLOAD) for quote in (QUOTE, wrong, None)]
    assert await fetch(office, database, Dataset.QUOTES) == StepReport(done=1)
    assert polygon.asked == [QuoteOf(symbol="PG")]
    assert await fetch(office, database, Dataset.QUOTES) == StepReport(skipped={"held": 1})
    assert await rows(database, "SELECT at, price, known_at FROM quotes") == [(QUOTE.at, 60.75, NOW)]
    assert await rows(database, "SELECT rule FROM quarantine") == [("future",)]
    assert await rows(database, ASKS) == [("quotes", "PG", "polygon", 0, NOW)]
    assert await fetch(office, database, Dataset.QUOTES) == StepReport(skipped={"nothing known": 1})
    assert await rows(database, ASKS) == [("quotes", "PG", "polygon", 1, NOW)]


def reports(*earnings: ReportedEarnings, unreadable: list[HeldRow] | None = None) -> EarningsReply:
    return EarningsReply(earnings=list(earnings), unreadable=unreadable or [], payload=PAYLOAD)


async def test_reports_of_a_range_are_stored_settled_and_strangers_are_named(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    strangers = [msgspec.structs.replace(REPORT, symbol=f"X{n:02}") for n in range(12)]
    twice = [msgspec.structs.replace(REPORT, symbol="KO", eps_actual=eps) for eps in (0.8, 0.9)]
    polygon.answers = [reports(REPORT, REPORT, *twice, *strangers)]
    report = await fetch(office, database, Dataset.EARNINGS, "2010-05-03..2010-05-14")
    assert polygon.asked == [EarningsBetween(first=MONDAY, last=date(2010, 5, 14))]
    assert report.done == 1
    assert report.skipped == {"held": 2, "no instrument": 12}
    assert report.notes == ("no instruments here: X00, X01, X02, X03, X04, X05, X06, X07, X08, X09 and 2 more",)
    assert await office.coverage.settled(Dataset.EARNINGS) == (Span(MONDAY, WEEK[4]),)
    assert await rows(database, "SELECT eps_actual, known_at FROM earnings") == [(0.89, NOW)]
    assert await rows(database, ASKS) == [("earnings", "PG", "polygon", 0, NOW)]


@pytest.mark.parametrize("second", ["clean", "unreadable"])
async def test_a_report_that_is_gone_is_ended_unless_the_answer_had_rows_that_could_not_be_stored(
    office: Desk, database: Database, polygon: ScriptedProvider, second: str
) -> None:
    other = msgspec.structs.replace(REPORT, symbol="KO")
    polygon.answers = [reports(REPORT, other), reports(other, unreadable=[STRANGE] if second == "unreadable" else [])]
    for _ in range(2):
        await fetch(office, database, Dataset.EARNINGS, "2010-05-03..2010-05-14")
    ended = await rows(database, "SELECT count(*) FROM earnings WHERE superseded_at IS NOT NULL")
    assert ended == [(1 if second == "clean" else 0,)]


@pytest.mark.parametrize("subject", ["", "PG", "2010-05-03", "2010-05-04..2010-05-03", "..", "2010-05-03..9999-12-31"])
async def test_what_is_no_range_of_dates_is_given_up(
    office: Desk, database: Database, polygon: ScriptedProvider, subject: str
) -> None:
    with pytest.raises(GiveUpError, match="no range of dates"):
        await fetch(office, database, Dataset.EARNINGS, subject)
    assert polygon.asked == []


async def test_a_refusal_of_reports_is_learnt(office: Desk, database: Database, polygon: ScriptedProvider) -> None:
    old = ProviderError("too old", outcome=Outcome.NOT_ENTITLED, out_of_range=True)
    polygon.answers = [old]
    await fetch(office, database, Dataset.EARNINGS, "2009-05-03..2009-05-14")
    (refusal,) = await office.coverage.refusals(polygon.allowance)
    assert refusal.through == date(2009, 5, 3)


def series(symbol: str, closes: dict[date, float]) -> SymbolBarsReply:
    found = bars({f"{n}": close for n, close in enumerate(closes.values())})
    days = np.array(list(closes), dtype="datetime64[D]")
    renamed = msgspec.structs.replace(found, symbols=[symbol] * len(closes), sessions=days)
    return SymbolBarsReply(symbol=symbol, bars=renamed, unreadable=[], payload=PAYLOAD)


BARS = "SELECT session, close, provider, known_at FROM bars_daily ORDER BY 1"
OPINIONS = """
SELECT session, close, o.provider, f.subject, o.known_at
FROM bar_opinions o JOIN fetches f ON f.id = fetch_id ORDER BY 1, 5
"""


async def test_one_symbols_bars_fill_holes_and_leave_what_is_stored(
    office: Desk, database: Database, polygon: ScriptedProvider, market: Market
) -> None:
    market.bars(market.number("PG"), [bar(WEEK[0], 60.0), bar(WEEK[1], 61.0)])
    before = await rows(database, f"{BARS} LIMIT 2")
    sunday, beyond = date(2010, 5, 2), date(2010, 4, 29)
    polygon.answers = [
        series("PG", {beyond: 1.0, sunday: 1.0, WEEK[0]: 60.0, WEEK[1]: 61.5, WEEK[2]: 62.0, WEEK[3]: 59.0})
    ] * 2
    await office.sessions.put([session(day) for day in [date(2010, 4, 30), *WEEK]], datetime(2010, 4, 1, tzinfo=UTC))
    report = await fetch(office, database, Dataset.SYMBOL_BARS)
    assert polygon.asked == [BarsOfSymbol(symbol="PG", since=MONDAY, until=WEEK[3])]
    assert report == StepReport(done=4, skipped={"held": 1, "not final": 1})
    assert await rows(database, "SELECT session, rule FROM quarantine") == [(sunday, "no_session")]
    stored = await rows(database, BARS)
    assert stored[:2] == before
    assert stored[2:] == [(WEEK[2], 62.0, "polygon", NOW), (WEEK[3], 59.0, "polygon", NOW)]
    told = [(WEEK[0], 60.0, "polygon", "PG", NOW), (WEEK[1], 61.5, "polygon", "PG", NOW)]
    assert await rows(database, OPINIONS) == told
    assert await rows(database, "SELECT count(*) FROM bar_revisions") == [(0,)]
    await fetch(office, database, Dataset.SYMBOL_BARS)
    assert await rows(database, BARS) == stored
    # What the first call filled is now compared too; what was compared says the same and is not repeated.
    assert [row[0] for row in await rows(database, OPINIONS)] == WEEK[:4]


async def test_days_under_another_symbol_are_not_filled_in(
    office: Desk, database: Database, polygon: ScriptedProvider, market: Market
) -> None:
    market.connection.execute("UPDATE instrument_symbols SET valid_from = %s WHERE symbol = 'PG'", (WEEK[2],))
    market.bars(market.number("PG"), [bar(WEEK[1], 61.0)])
    polygon.answers = [series("PG", {day: 60.0 + number for number, day in enumerate(WEEK[:4])})]
    await fetch(office, database, Dataset.SYMBOL_BARS)
    stored = await rows(database, "SELECT DISTINCT instrument_id, session FROM bars_daily ORDER BY 2")
    assert stored == [(market.number("PG"), day) for day in WEEK[1:4]]
    assert [row[:2] for row in await rows(database, OPINIONS)] == [(WEEK[1], 61.0)]
    assert await rows(database, "SELECT count(*) FROM instruments") == [(2,)]


async def test_bars_of_days_without_a_session_are_held_and_unfinished_ones_wait(
    office: Desk, database: Database, polygon: ScriptedProvider
) -> None:
    polygon.abilities = {
        dataset: msgspec.structs.replace(ability, final_delay=timedelta(hours=5))
        for dataset, ability in polygon.abilities.items()
    }
    await office.sessions.put([session(day) for day in (WEEK[0], WEEK[2], WEEK[3])], datetime(2010, 4, 1, tzinfo=UTC))
    polygon.answers = [series("PG", {WEEK[0]: 60.0, WEEK[1]: 61.0, WEEK[3]: 59.0}), series("PG", {})]
    report = await fetch(office, database, Dataset.SYMBOL_BARS)
    assert report == StepReport(done=1, skipped={"held": 1, "not final": 1})
    assert await rows(database, "SELECT session, rule FROM quarantine") == [(WEEK[1], "no_session")]
    assert [row[0] for row in await rows(database, BARS)] == [WEEK[0]]
    assert await fetch(office, database, Dataset.SYMBOL_BARS) == StepReport(skipped={"nothing known": 1})
