"""The fuse box: settings in, live parts out. The only place where neighbours meet."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self

from app import clock
from app.cache import HotAnswers
from app.calendars import read_sessions
from app.db.actions import Actions
from app.db.actions_ingest import ActionsIngestStore
from app.db.asks import AskStore
from app.db.bars import Bars
from app.db.bars_ingest import BarsIngestStore
from app.db.changes import ChangeListener, ChangeSinks
from app.db.company_facts import Companies
from app.db.company_facts_ingest import CompanyIngestStore
from app.db.earnings import EarningsStore
from app.db.earnings_ingest import EarningsIngestStore
from app.db.engine import Database
from app.db.everyday import Everyday
from app.db.fact_disagreements import FactDisagreements
from app.db.gauges import PostgresGauges
from app.db.health import KeeperCheck, PostgresCheck, SchemaCheck
from app.db.index_memberships import IndexMembershipStore, Indices
from app.db.instrument_changes import InstrumentChanges
from app.db.instrument_ids import InstrumentIds
from app.db.instruments import Instruments
from app.db.instruments_ingest import InstrumentsIngestStore
from app.db.instruments_past import PastInstruments
from app.db.lanes import EVERY_CHUNK, Lanes
from app.db.listing import InstrumentListing
from app.db.market import Market
from app.db.news import News
from app.db.news_ingest import NewsIngestStore
from app.db.news_subjects import NewsSubjectStore
from app.db.pipelines import PipelineStore
from app.db.provenance import Provenance
from app.db.provider_calls import PostgresCallLog
from app.db.quality_disagreements import BarDisagreements
from app.db.quality_flags import BarQualityStore
from app.db.quality_reads import QualityReadsStore
from app.db.quarantine import QuarantineStore
from app.db.quota_ledger import PostgresLedger
from app.db.quotes import Quotes
from app.db.quotes_ingest import QuotesIngestStore
from app.db.run_archive import PostgresRunArchive
from app.db.search import Search
from app.db.sessions import SessionStore
from app.db.settled import SettledStore
from app.db.spine import Spine
from app.db.stream_readings import PostgresStreamReadings
from app.db.symbol_bars_ingest import SymbolBarsIngestStore
from app.db.universe import PlanningStore
from app.db.watermarks import Watermarks
from app.memberships import read_memberships
from app.ports.fact_reads import Disputed
from app.probes import AliveCheck, ValkeyCheck
from app.providers import registry
from app.providers.client.http import HttpClient
from app.providers.client.metered import Access
from app.services.check_health import HealthCheck
from app.services.desk import Desk, Following
from app.services.keep_house import keep_house
from app.services.plan_fetches import plan_fetches
from app.services.read_data_quality import read_data_quality
from app.services.search_instruments import InstrumentSearch
from app.services.simulate_plan import PlanSimulator
from app.services.take_readings import ReadingsTaker
from app.services.tell_changes import ChangeTeller
from app.stream.hub import StreamHub
from app.stream.telling import StreamAnnouncer, StreamBoard
from app.telemetry import metrics

if TYPE_CHECKING:
    from types import TracebackType

    from app.ports.clock import Clock
    from app.ports.fact_reads import CompanyReads, DisagreementReads, EarningsReads, OriginReads
    from app.ports.health import Check
    from app.ports.instrument_reads import ChangeReads, IndexReads, PastInstrumentReads
    from app.ports.market import MarketReads
    from app.ports.news import NewsReads
    from app.ports.pipelines import Pipelines
    from app.ports.provider_calls import CallLog
    from app.ports.providers import Providers
    from app.ports.quality import BarQuality, QualityReads, Quarantine
    from app.ports.quotas import Ledger
    from app.ports.reads import ActionReads, BarReads, InstrumentReads, QuoteReads, WatermarkReads
    from app.ports.stores import ActionsIngest, BarsIngest, Coverage, InstrumentsIngest, MembershipsIngest, Sessions
    from app.ports.stream import Announcer, LiveStream
    from app.settings import Settings

MIB = 1_048_576
# Somebody waits for an answer of the API; nobody waits for a worker.
API_CHECKOUT_S = 2.0


class House:
    """The live parts of one process. Use it as an async context manager.

    `name` says which process this is (``api``, ``worker``, ...); PostgreSQL shows it.
    """

    def __init__(self, settings: Settings, *, name: str) -> None:
        """Build the parts without touching the network."""
        self.settings = settings
        self.name = name
        self.clock: Clock = clock.from_settings(settings.clock)
        self.database = Database(settings.database, name=name, checkout_s=API_CHECKOUT_S if name == "api" else None)
        self.ledger: Ledger = PostgresLedger(self.database, self.clock)
        self.calls: CallLog = PostgresCallLog(self.database)
        self.http = HttpClient()
        self.providers: Providers = registry.build(self.http, self.ledger, self.clock, accesses(settings))
        self.pipelines: Pipelines = PipelineStore(self.database)
        self.keep_house = partial(
            keep_house,
            self.ledger,
            PostgresRunArchive(self.database),
            calls_keep=timedelta(days=settings.keep.calls_days),
            runs_keep=timedelta(days=settings.keep.runs_days),
        )
        self.spine = Spine(self.database, settings.worker)
        self.read_sessions = read_sessions
        self.memberships_ingest: MembershipsIngest = IndexMembershipStore()
        self.read_memberships = read_memberships
        self._build_ingest()
        self._build_reads()
        self.checks = self._checks()
        self.health = HealthCheck(self.checks, self.clock)
        self._build_stream()
        self.listener = ChangeListener(settings.database, ChangeSinks(self.answers, self.changes), name=name)
        self.listening: asyncio.Task[None] | None = None
        self.readings = ReadingsTaker(
            gauges=PostgresGauges(self.database),
            ledger=self.ledger,
            providers=self.providers,
            health=self.health,
            clock=self.clock,
            quality=partial(read_data_quality, self.desk, self.quality_reads),
        )

    def _build_ingest(self) -> None:
        instrument_ids = InstrumentIds()
        self.sessions: Sessions = SessionStore(self.database)
        self.coverage: Coverage = SettledStore(self.database)
        bars_ingest = BarsIngestStore(instrument_ids)
        self.bars_ingest: BarsIngest = bars_ingest
        self.instruments_ingest: InstrumentsIngest = InstrumentsIngestStore()
        self.actions_ingest: ActionsIngest = ActionsIngestStore(instrument_ids)
        self.desk = Desk(
            clock=self.clock,
            providers=self.providers,
            ledger=self.ledger,
            sessions=self.sessions,
            coverage=self.coverage,
            bars=self.bars_ingest,
            instruments=self.instruments_ingest,
            actions=self.actions_ingest,
            asks=AskStore(),
            listing=InstrumentListing(self.database),
            companies=CompanyIngestStore(),
            quotes=QuotesIngestStore(),
            earnings=EarningsIngestStore(),
            symbol_bars=SymbolBarsIngestStore(bars_ingest, instrument_ids),
            planning=PlanningStore(self.database),
            following=following(self.settings),
            news=NewsIngestStore(),
            news_subjects=NewsSubjectStore(self.database),
        )
        self.bar_quality: BarQuality = BarQualityStore(self.database)
        self.quality_reads: QualityReads = QualityReadsStore(self.database)
        self.quarantine: Quarantine = QuarantineStore(self.database, instrument_ids)
        self.plan_fetches = partial(plan_fetches, self.desk)
        self.simulate_plan = PlanSimulator(self.desk).run

    def _build_reads(self) -> None:
        database = self.settings.database
        self.lanes = Lanes(database, name=self.name)
        self.range_lanes = Lanes(database, name=self.name, planner=EVERY_CHUNK)
        self.bars: BarReads = Bars(self.range_lanes)
        self.quotes: QuoteReads = Quotes(self.lanes)
        self.everyday = Everyday(database, name=self.name)
        self.instruments: InstrumentReads = Instruments(self.everyday)
        self.past_instruments: PastInstrumentReads = PastInstruments(self.lanes)
        self.instrument_changes: ChangeReads = InstrumentChanges(self.lanes)
        self.indices: IndexReads = Indices(self.lanes)
        self.actions: ActionReads = Actions(self.everyday)
        self.companies: CompanyReads = Companies(self.lanes)
        self.earnings: EarningsReads = EarningsStore(self.everyday)
        self.provenance: OriginReads = Provenance(self.lanes)
        self.disagreements: dict[Disputed, DisagreementReads] = {
            Disputed.FUNDAMENTALS: FactDisagreements(self.lanes),
            Disputed.BARS: BarDisagreements(self.database),
        }
        self.news: NewsReads = News(self.database)
        self.market: MarketReads = Market(self.database)
        self.watermarks: WatermarkReads = Watermarks(self.lanes)
        self.answers = HotAnswers(self.settings.api.cache_mb * MIB)
        self.search = InstrumentSearch(Search(self.lanes), self.watermarks, self.answers.versions)

    def _build_stream(self) -> None:
        url, api = self.settings.redis.url, self.settings.api
        self._announcer = StreamAnnouncer(url)
        self._board = StreamBoard(url)
        self.announcer: Announcer = self._announcer
        self.changes = ChangeTeller(
            board=self._board,
            readings=PostgresStreamReadings(self.database),
            ledger=self.ledger,
            providers=self.providers,
            health=self.health,
        )
        most = min(api.stream_clients, api.backpressure // 2)
        self.stream: LiveStream = StreamHub(url, most_clients=most, attend=self.changes.run)

    def _checks(self) -> list[Check]:
        checks: list[Check] = [
            PostgresCheck(self.database),
            SchemaCheck(self.database),
            ValkeyCheck("queue", self.settings.redis.url),
            ValkeyCheck("cache", self.settings.redis.cache_url),
            KeeperCheck(self.pipelines, self.settings.worker.keeper_s),
        ]
        if self.name == "api" and self.settings.api.cache_mb:
            checks.append(AliveCheck("listener", self.answers.is_alive))
        return checks

    def measure(self) -> None:
        """Set the gauges that each process keeps of itself."""
        self.database.measure()
        metrics.CACHE_BYTES.labels("answer").set(self.answers.size)
        metrics.CACHE_ENTRIES.labels("answer").set(len(self.answers.answers))
        metrics.LISTENERS.set(self.answers.is_alive())
        self.stream.measure()

    async def __aenter__(self) -> Self:
        """Open the pools."""
        await self.database.open()
        if self.name == "api":
            self.listening = asyncio.create_task(self.listener.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pools."""
        await self.stream.close()
        await self._board.resign()
        await self._announcer.close()
        if self.listening is not None:
            self.listening.cancel()
            with suppress(asyncio.CancelledError):
                await self.listening
        await self.http.close()
        await self.search.close()
        await self.lanes.close()
        await self.range_lanes.close()
        await self.everyday.close()
        await self.database.close()


def following(settings: Settings) -> Following:
    """Return whom the plan follows closest, and how fast."""
    symbols = tuple(symbol.strip() for symbol in settings.plan.watchlist.split(",") if symbol.strip())
    return Following(watchlist=symbols, calls_per_s=settings.plan.calls_per_s)


def accesses(settings: Settings) -> dict[str, Access]:
    """Return where each provider is called, and with which key."""
    polygon, keys = settings.polygon, settings.keys
    return {
        "polygon": Access(url=polygon.url, key=keys.polygon, since=polygon.history_from),
        "alpha_vantage": Access(url=settings.alpha_vantage.url, key=keys.alpha_vantage),
        "finnhub": Access(url=settings.finnhub.url, key=keys.finnhub),
        "newsapi": Access(url=settings.newsapi.url, key=keys.news_api),
    }
