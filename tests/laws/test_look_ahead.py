"""Truncate at D, ask again as of D: bit-equal, for every read of prices, actions and what is told of companies."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.company_facts_ingest import CompanyIngestStore
from app.db.earnings_ingest import EarningsIngestStore
from app.db.news_ingest import NewsIngestStore
from app.db.quotes_ingest import QuotesIngestStore
from app.db.symbol_bars_ingest import SymbolBarsIngestStore
from app.domain.actions import ReportedAction
from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.fundamentals import CompanyFacts
from app.domain.gaps import Span
from app.domain.news import Article, ReportedSentiment
from app.domain.quotes import ReportedQuote
from app.ports.news import LinkedArticle
from tests.fakes.market import bars
from tests.laws.look_ahead import (
    BEGIN,
    LAST_HOUR,
    Law,
    Told,
    World,
    at_hour,
    few,
    histories,
    never_looks_ahead,
    world_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from app.db.engine import Connection
    from ops.local.postgres import LocalPostgres

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.slow]


async def tell_bar(unit: Connection, told: Told) -> None:
    await BarsIngestStore().store(
        unit, bars({told.symbol: 10.0 * told.size}, told.on), told.fetched(Dataset.BARS_DAILY)
    )


async def tell_opinion(unit: Connection, told: Told) -> None:
    source = told.fetched(Dataset.SYMBOL_BARS)
    await SymbolBarsIngestStore(BarsIngestStore()).store(unit, bars({told.symbol: 9.0 * told.size}, told.on), source)


async def tell_split(unit: Connection, told: Told) -> None:
    split = ReportedAction(
        ref=f"split:{told.symbol}:{told.day}", symbol=told.symbol, kind="split", ex_date=told.on,
        split_from=Decimal(1), split_to=Decimal(told.size + 1),
    )  # fmt: skip
    await ActionsIngestStore().store(unit, [split], told.fetched(Dataset.SPLITS))


async def tell_dividend(unit: Connection, told: Told) -> None:
    dividend = ReportedAction(
        ref=f"dividend:{told.symbol}:{told.day}", symbol=told.symbol, kind="dividend", ex_date=told.on,
        cash_amount=Decimal(told.size) / 10, currency="USD",
    )  # fmt: skip
    await ActionsIngestStore().store(unit, [dividend], told.fetched(Dataset.DIVIDENDS))


async def tell_profile(unit: Connection, told: Told) -> None:
    named: dict[str, float | str] = {"name": f"Name {told.size}", "sector": f"Sector {told.day}"}
    facts = CompanyFacts(symbol=told.symbol, facts=named)
    await CompanyIngestStore().store(unit, facts, told.fetched(Dataset.PROFILES))


async def tell_fundamentals(unit: Connection, told: Told) -> None:
    numbers: dict[str, float | str] = {"pe_ttm": 10.0 * told.size, "beta": 0.25 * told.day}
    if told.day > 2:
        del numbers["pe_ttm"]
    facts = CompanyFacts(symbol=told.symbol, facts=numbers)
    await CompanyIngestStore().store(unit, facts, told.fetched(Dataset.FUNDAMENTALS))


async def tell_quote(unit: Connection, told: Told) -> None:
    at = datetime.combine(told.on, datetime.min.time(), UTC) + timedelta(hours=19 + told.size % 3)
    quote = ReportedQuote(symbol=told.symbol, at=at, price=10.0 * told.size + told.hour / 7, previous_close=9.5)
    await QuotesIngestStore().store(unit, [quote], told.fetched(Dataset.QUOTES))


async def tell_report(unit: Connection, told: Told) -> None:
    """A report, and now and then a sweep that no longer has one of the others."""
    report = ReportedEarnings(
        symbol=told.symbol, fiscal_year=2020, fiscal_quarter=1 + told.day % 4,
        report_date=BEGIN + timedelta(days=told.size - 1), eps_actual=told.hour / 3,
    )  # fmt: skip
    swept = Span(BEGIN, BEGIN + timedelta(days=9)) if told.size % 2 else None
    await EarningsIngestStore().store(unit, [report], told.fetched(Dataset.EARNINGS), swept)


async def tell_article(unit: Connection, told: Told) -> None:
    """One of five stories, under one of two addresses, with a link or a score of its own."""
    score = ReportedSentiment(symbol=told.symbol, score=told.hour / LAST_HOUR)
    one = Article(
        ref=f"{told.day}/{told.size}",
        url=f"https://example.com/{told.day}/{told.size % 2}",
        title=f"A story of {told.symbol} and of day {told.day}",
        published_at=datetime.combine(told.on, datetime.min.time(), UTC),
        summary=f"Size {told.size}.",
        symbols=(told.symbol,) if told.size % 2 else (),
        sentiments=(score,) if told.size > 2 else (),
    )
    linked = LinkedArticle(article=one, in_text=() if told.size % 2 else (told.symbol,))
    await NewsIngestStore().store(unit, [linked], told.fetched(Dataset.NEWS))


BOTH = "symbols=AAA,BBB"
RANGE = f"/api/bars?{BOTH}&from=2020-01-01&until=2020-02-01"
ORIGIN = "/api/provenance?symbol=AAA&dataset"
DAYS = [f"session=2020-01-{day:02}" for day in (6, 8, 10)]
LAWS = {
    "bars": Law(
        kinds={"bar": tell_bar, "opinion": tell_opinion, "split": tell_split, "dividend": tell_dividend},
        reads=(
            *(f"{RANGE}&adjusted={adjusted}" for adjusted in ("none", "splits", "all")),
            f"{RANGE}&adjusted=all&timeframe=1w",
            f"{RANGE}&limit=2",
            f"/api/quotes?{BOTH}",
            *(f"{ORIGIN}={dataset}&{day}" for dataset in ("bars_daily", "symbol_bars") for day in DAYS),
        ),
    ),
    "actions": Law(
        kinds={"split": tell_split, "dividend": tell_dividend},
        reads=(
            "/api/actions",
            f"/api/actions?{BOTH}&kind=split",
            *(f"{ORIGIN}={dataset}&{day}" for dataset in ("splits", "dividends") for day in DAYS),
        ),
    ),
    "companies": Law(
        kinds={"profile": tell_profile, "fundamentals": tell_fundamentals},
        reads=(
            *(f"/api/instruments/{symbol}/{what}" for symbol in ("AAA", "BBB") for what in ("profile", "fundamentals")),
            "/api/instruments/AAA/fundamentals?provider=finnhub",
            *(f"/api/instruments/AAA/facts/{fact}" for fact in ("name", "pe_ttm", "beta")),
            f"{ORIGIN}=profiles&fact=name",
            f"{ORIGIN}=fundamentals&fact=pe_ttm",
            "/api/disagreements",
            f"/api/disagreements?{BOTH}",
        ),
    ),
    "quotes": Law(
        kinds={"bar": tell_bar, "split": tell_split, "quote": tell_quote},
        reads=(
            *(f"/api/quotes?{BOTH}&source={source}" for source in ("latest", "bars", "providers")),
            *(f"{ORIGIN}=quotes&{day}" for day in DAYS),
        ),
    ),
    "earnings": Law(
        kinds={"report": tell_report},
        reads=(
            "/api/earnings",
            f"/api/earnings?{BOTH}&from=2020-01-07&until=2020-01-10",
            *(f"{ORIGIN}=earnings&{day}" for day in DAYS),
        ),
    ),
    "news": Law(
        kinds={"article": tell_article},
        reads=(
            "/api/news",
            "/api/news?limit=2",
            f"/api/news?{BOTH}",
            "/api/news?symbols=BBB&provider=finnhub",
            "/api/news?q=story",
            "/api/news?q=size+-AAA&symbols=BBB",
            "/api/news?from=2020-01-07&until=2020-01-10",
        ),
    ),
}


@pytest.fixture
def second_url(postgres_server: LocalPostgres, template_database: str) -> Iterator[str]:
    """Another fresh migrated database."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(copied.format(sql.Identifier(name), sql.Identifier(template_database)))
    yield postgres_server.url(name)
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def worlds(database_url: str, second_url: str) -> AsyncIterator[tuple[World, World]]:
    async with world_of(database_url) as whole, world_of(second_url) as cut:
        yield whole, cut


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("noun", LAWS)
@few
@given(data=st.data())
async def test_a_read_as_of_a_moment_is_what_it_was_then(
    worlds: tuple[World, World], noun: str, data: st.DataObject
) -> None:
    law = LAWS[noun]
    await never_looks_ahead(*worlds, law, data.draw(histories(list(law.kinds))))


@pytest.mark.parametrize("noun", LAWS)
async def test_the_law_would_notice(worlds: tuple[World, World], noun: str) -> None:
    """Each read shows a later event when it is not asked as of an earlier time: the law compares something."""
    law, (whole, _) = LAWS[noun], worlds
    whole.empty()
    story = [
        Told(hour=number * 40 + turn + 1, kind=kind, day=day, size=1 + turn % 5, provider=provider, symbol=symbol)
        for turn, (day, provider, symbol) in enumerate(
            (day, provider, symbol)
            for symbol in ("AAA", "BBB")
            for provider in ("finnhub", "alpha_vantage")
            for day in (4, 2, 0)
        )
        for number, kind in enumerate(law.kinds)
    ]
    await whole.tell(law, sorted(story, key=lambda told: told.hour))
    silent: list[Any] = [
        url for url in law.reads if await whole.read(url, at_hour(0)) == await whole.read(url, at_hour(400))
    ]
    assert silent == []
