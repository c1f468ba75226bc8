"""A desk over real stores, with a provider that answers from a script and a step that only commits."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.db.actions_ingest import ActionsIngestStore
from app.db.asks import AskStore
from app.db.bars_ingest import BarsIngestStore
from app.db.company_facts_ingest import CompanyIngestStore
from app.db.earnings_ingest import EarningsIngestStore
from app.db.engine import Connection, Database
from app.db.instruments_ingest import InstrumentsIngestStore
from app.db.listing import InstrumentListing
from app.db.news_ingest import NewsIngestStore
from app.db.news_subjects import NewsSubjectStore
from app.db.quota_ledger import PostgresLedger
from app.db.quotes_ingest import QuotesIngestStore
from app.db.sessions import SessionStore
from app.db.settled import SettledStore
from app.db.symbol_bars_ingest import SymbolBarsIngestStore
from app.db.universe import PlanningStore
from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.pipelines import Part, StepReport
from app.domain.quality import HeldRow
from app.domain.quotas import Allowance, Window
from app.domain.sessions import Session
from app.ports.providers import Ability, Answer, DailyReply, Payload, Provider, Question
from app.providers.registry import Registry
from app.services.desk import Desk
from tests.fakes.clocks import ManualClock

PAYLOAD = Payload(sha256=b"\x00" * 32, size=2)
MONDAY = date(2010, 5, 3)


class ScriptedProvider:
    """Answers each question with the next of the answers prepared for it; an exception is raised."""

    name = "polygon"
    host = "127.0.0.1"

    def __init__(self) -> None:
        self.allowance = Allowance(
            id="scripted", provider="polygon", windows=(Window(max_calls=5, span_s=60),), hold_us=1
        )
        self.abilities: Mapping[Dataset, Ability] = {
            dataset: Ability(dataset=dataset, history=timedelta(days=729), since=MONDAY, final_delay=timedelta(hours=4))
            for dataset in Dataset
        }
        self.answers: list[Any] = []
        self.asked: list[Question[Any]] = []

    def next(self, question: Question[Any]) -> Any:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask(self, question: Question[Answer]) -> Answer:
        found: Answer = self.next(question)
        return found


class FakeStep:
    """A step whose `done` opens a real transaction, and keeps what it was given."""

    run_id = 1
    pipeline = "daily_bars"
    window = "test"
    name = "fetch"
    attempt = 1

    def __init__(self, database: Database, args: Mapping[str, object] | None = None, part: str = "part") -> None:
        self._database = database
        self.args: Mapping[str, object] = args or {}
        self.part = part
        self.report: StepReport | None = None
        self.parts: Sequence[Part] = ()

    @property
    def key(self) -> str:
        return f"{self.run_id}/{self.name}/{self.part}"

    @asynccontextmanager
    async def done(self, report: StepReport, parts: Sequence[Part] = ()) -> AsyncIterator[Connection]:
        assert self.report is None, "a step ends once"
        async with self._database.transaction() as unit:
            yield unit
        self.report, self.parts = report, parts


def desk(database: Database, clock: ManualClock, *providers: Provider) -> Desk:
    """A desk over the real stores."""
    return Desk(
        clock=clock,
        providers=Registry(providers, clock),
        ledger=PostgresLedger(database, clock),
        sessions=SessionStore(database),
        coverage=SettledStore(database),
        bars=BarsIngestStore(),
        instruments=InstrumentsIngestStore(),
        actions=ActionsIngestStore(),
        asks=AskStore(),
        listing=InstrumentListing(database),
        companies=CompanyIngestStore(),
        quotes=QuotesIngestStore(),
        earnings=EarningsIngestStore(),
        symbol_bars=SymbolBarsIngestStore(BarsIngestStore()),
        planning=PlanningStore(database),
        news=NewsIngestStore(),
        news_subjects=NewsSubjectStore(database),
    )


def session(day: date) -> Session:
    """A whole session in New York's summer."""
    open_at = datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)
    return Session(mic="XNYS", session=day, open_at=open_at, close_at=open_at + timedelta(hours=6.5))


def answer(bars: DailyBars, day: date, unreadable: Sequence[HeldRow] = ()) -> DailyReply:
    """A reply with these bars."""
    return DailyReply(session=day, bars=bars, unreadable=list(unreadable), payload=PAYLOAD)
