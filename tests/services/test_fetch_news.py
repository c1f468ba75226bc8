"""News over real stores: what is asked, what is stored and linked, and that failures end as lines of a report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.db.engine import Database
from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError, LaterError
from app.domain.news import ReportedSentiment
from app.domain.quality import HeldRow
from app.domain.quotas import Allowance, Outcome, Window
from app.ports.providers import Ability, NewsAbout, ProviderError
from app.services.fetch_run import fetch_part
from app.settings import DatabaseSettings
from tests.db.market import Market
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep, ScriptedProvider, desk
from tests.fakes.news import article, news_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.news import Article
    from app.domain.pipelines import StepReport
    from app.services.desk import Desk

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NOW = datetime(2024, 1, 10, 15, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Paper(ScriptedProvider):
    """A provider of news alone, for several companies a call."""

    def __init__(self, name: str = "newsapi", *, calls: int = 2, span_s: float = 60, **ability: Any) -> None:
        super().__init__()
        self.name = name
        windows = (Window(max_calls=calls, span_s=span_s),)
        self.allowance = Allowance(id=name, provider=name, windows=windows, hold_us=1)
        told: dict[str, Any] = {"subjects": 2, "history": 27 * DAY, "embargo": DAY, **ability}
        self.abilities = {Dataset.NEWS: Ability(dataset=Dataset.NEWS, **told)}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    market = Market(database_url)
    market.instrument("AAPL", "Apple Inc.")
    market.instrument("PG", "Procter & Gamble Co")
    market.instrument("PRFX")
    yield database
    market.close()
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
async def office(database: Database, clock: ManualClock, paper: Paper) -> Desk:
    office = desk(database, clock, paper)
    await office.ledger.declare(paper.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    return office


async def fetch(
    office: Desk, database: Database, subject: str = "AAPL,PG", *, attempt: int = 1, **args: Any
) -> FakeStep:
    step = FakeStep(
        database, {"provider": "newsapi", "dataset": "news", "subject": subject, "on": "2024-01-10", **args}
    )
    step.attempt = attempt
    await fetch_part(office, step)
    return step


def told(step: FakeStep) -> StepReport:
    assert step.report is not None
    return step.report


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()


def story(n: int, title: str | None = None, **more: Any) -> Article:
    return article(f"r{n}", title or f"Quarterly report number {n} is out", published_at=NOW - DAY - n * HOUR, **more)


LINKS = (
    "SELECT article_id, symbol, basis FROM article_instruments l JOIN instruments i ON i.id = instrument_id"
    " ORDER BY 1, 2"
)
ASKS = (
    "SELECT symbol, a.provider, asked_at, a.misses FROM asks a JOIN instruments i ON i.id = instrument_id"
    " ORDER BY symbol"
)


async def test_a_page_is_asked_for_stored_linked_and_remembered(office: Desk, database: Database, paper: Paper) -> None:
    sentiment = ReportedSentiment(symbol="NOPE", score=0.5)
    bad = HeldRow(symbol="", session=None, rule="unreadable", evidence={}, row={"n": 1})
    reply = news_reply(
        story(1, "Apple unveils a phone, and Procter & Gamble a soap"),
        story(2, "PainReform (NASDAQ: PRFX) and $AAPL and $NOPE rise"),
        story(3, symbols=("PG", "NOPE", "OTHER"), sentiments=(sentiment,)),
        story(4, url="javascript:alert(1)", symbols=("PG",)),
    )
    reply.unreadable.append(bad)
    paper.answers = [reply]
    step = await fetch(office, database)
    assert paper.asked == [
        NewsAbout(companies={"AAPL": "Apple Inc.", "PG": "Procter & Gamble Co"}, since=NOW - 27 * DAY, until=NOW - DAY)
    ]
    assert told(step).done == 3
    assert told(step).skipped == {"held": 2, "no instrument": 2}
    assert step.parts == []
    assert await rows(database, LINKS) == [
        (1, "AAPL", "text"),
        (1, "PG", "text"),
        (2, "AAPL", "text"),
        (2, "PRFX", "text"),
        (3, "PG", "provider"),
    ]
    assert await rows(database, ASKS) == [("AAPL", "newsapi", NOW, 0), ("PG", "newsapi", NOW, 0)]
    assert await rows(database, "SELECT symbol, rule FROM quarantine ORDER BY 2") == [
        ("PG", "address"),
        ("", "unreadable"),
    ]
    assert await rows(database, "SELECT subject, row_count, held FROM fetches") == [("AAPL,PG", 3, 2)]


async def test_the_next_question_goes_back_a_little_behind_the_one_before(
    office: Desk, database: Database, paper: Paper, clock: ManualClock
) -> None:
    paper.answers = [news_reply(), news_reply(), news_reply(), news_reply()]
    await fetch(office, database)
    clock.advance(3 * HOUR)
    await fetch(office, database)
    await fetch(office, database, "AAPL,PRFX")
    clock.advance(40 * DAY)
    await fetch(office, database)
    asked: list[NewsAbout] = paper.asked  # type: ignore[assignment]  # nothing else was asked
    assert [(one.since, one.until) for one in asked] == [
        (NOW - 27 * DAY, NOW - DAY),
        (NOW - DAY - 6 * HOUR, NOW - DAY + 3 * HOUR),
        (NOW + 3 * HOUR - 27 * DAY, NOW - DAY + 3 * HOUR),
        (NOW + 3 * HOUR + 13 * DAY, NOW + 3 * HOUR + 39 * DAY),
    ]


async def test_no_plan_is_reached_beyond(database: Database, clock: ManualClock) -> None:
    paper = Paper(history=None, since=(NOW - 2 * DAY).date(), embargo=timedelta(0))
    paper.answers = [news_reply()]
    office = desk(database, clock, paper)
    await fetch(office, database)
    [question] = paper.asked
    assert isinstance(question, NewsAbout)
    assert question.since == datetime(2024, 1, 8, 5, 0, tzinfo=UTC)
    office = desk(database, clock, Paper(since=NOW.date()))
    step = await fetch(office, database, "PRFX")
    assert told(step).skipped == {"not asked": 1}


async def test_pages_follow_by_cursor_and_are_remembered_after_the_last(
    office: Desk, database: Database, paper: Paper, clock: ManualClock
) -> None:
    paper.answers = [news_reply(story(1), cursor="next"), news_reply(story(2))]
    step = await fetch(office, database)
    assert await rows(database, ASKS) == []
    [part] = step.parts
    clock.advance(HOUR)
    second = FakeStep(database, part.args, part.part)
    await fetch_part(office, second)
    question = paper.asked[1]
    assert isinstance(question, NewsAbout)
    assert (question.cursor, question.until) == ("next", NOW - DAY)
    assert [asked_at for _, _, asked_at, _ in await rows(database, ASKS)] == [NOW, NOW]
    assert await rows(database, "SELECT subject FROM fetches ORDER BY id") == [("AAPL,PG",), ("AAPL,PG/2",)]


async def test_what_lies_beyond_the_newest_hundred_is_asked_for_by_time(
    office: Desk, database: Database, paper: Paper
) -> None:
    paper.answers = [news_reply(story(1), story(5), total=9)] + [news_reply(story(n), total=9) for n in range(6, 10)]
    step = await fetch(office, database)
    for _ in range(4):
        [part] = step.parts
        step = FakeStep(database, part.args, part.part)
        await fetch_part(office, step)
    asked: list[NewsAbout] = paper.asked  # type: ignore[assignment]  # nothing else was asked
    behind = [NOW - DAY - n * HOUR + timedelta(seconds=1) for n in range(5, 9)]
    assert [one.until for one in asked] == [NOW - DAY, *behind]
    assert {one.cursor for one in asked} == {None}
    assert step.parts == []
    assert "older articles are left" in told(step).notes[0]
    paper.answers = [news_reply(story(1), total=1)]
    assert (await fetch(office, database)).parts == []


def refused(outcome: Outcome, **more: Any) -> ProviderError:
    return ProviderError("said so", outcome=outcome, **more)


@pytest.mark.parametrize(
    ("error", "attempt", "reason"),
    [
        (refused(Outcome.BAD_KEY), 1, "bad_key"),
        (refused(Outcome.NOT_ENTITLED), 1, "not_entitled"),
        (refused(Outcome.RATE_LIMITED, wait_s=43_200), 1, "no slot soon"),
        (LaterError("no slot", wait_s=3_000), 1, "no slot soon"),
    ],
)
async def test_a_failure_ends_as_a_line_of_the_report(
    office: Desk, database: Database, error: Exception, attempt: int, reason: str
) -> None:
    paper: Paper = office.providers.get("newsapi")  # type: ignore[assignment]  # the office has it
    paper.answers = [error]
    step = await fetch(office, database, attempt=attempt)
    assert told(step).skipped == {reason: 1}
    assert told(step).notes == (str(error),)
    assert told(step).left == 1
    assert await rows(database, ASKS) == []
    assert len(await office.coverage.refusals(paper.allowance)) == (reason == "not_entitled")


@pytest.mark.parametrize(
    ("error", "attempt"),
    [
        (refused(Outcome.NOT_FOUND), 1),
        (refused(Outcome.NOT_ENTITLED, out_of_range=True), 1),
        (refused(Outcome.BAD_REQUEST), 1),
        (refused(Outcome.MALFORMED), 3),
        (refused(Outcome.UNREACHABLE), 4),
    ],
)
async def test_who_gives_nothing_is_asked_about_later(
    office: Desk, database: Database, paper: Paper, error: Exception, attempt: int
) -> None:
    paper.answers = [error]
    step = await fetch(office, database, "AAPL", attempt=attempt)
    assert told(step).notes == (str(error),)
    assert await rows(database, ASKS) == [("AAPL", "newsapi", NOW, 1)]
    assert await office.coverage.refusals(paper.allowance) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused(Outcome.SERVER_ERROR), ProviderError),
        (refused(Outcome.RATE_LIMITED, wait_s=60), LaterError),
        (LaterError("no slot", wait_s=60), LaterError),
    ],
)
async def test_what_may_help_soon_is_tried_again(
    office: Desk, database: Database, paper: Paper, error: Exception, kind: type[Exception]
) -> None:
    paper.answers = [error]
    with pytest.raises(kind):
        await fetch(office, database)


async def test_nobody_and_too_many_are_not_asked_about(office: Desk, database: Database, paper: Paper) -> None:
    for subject in ("", "A,B,C", "A,,B", "A B"):
        with pytest.raises(GiveUpError, match="symbols"):
            await fetch(office, database, subject)
    step = await fetch(office, database, "NOPE")
    assert told(step).skipped == {"not asked": 1}
    assert paper.asked == []
