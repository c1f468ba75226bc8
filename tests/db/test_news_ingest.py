"""One story is one row, whoever brings it; what is told of it is added and never written over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.db.engine import Database
from app.db.instrument_unions import Union, unite
from app.db.news_ingest import NewsIngestStore
from app.db.news_subjects import NewsSubjectStore
from app.domain.datasets import Dataset
from app.domain.news import ReportedSentiment
from app.domain.quality import HeldRow
from app.ports.news import LinkedArticle
from app.settings import DatabaseSettings
from tests.fakes.news import PUBLISHED, SEEN, TITLE, article, fetched_news, linked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.news import Article
    from app.ports.stores import Stored
    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

LATER = SEEN + timedelta(hours=2)


async def put(
    database: Database, *articles: Article | LinkedArticle, by: str = "finnhub", at: datetime = SEEN
) -> Stored:
    rows = [one if isinstance(one, LinkedArticle) else LinkedArticle(article=one) for one in articles]
    async with database.transaction() as unit:
        return await NewsIngestStore().store(unit, rows, fetched_news(by, at))


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()


ARTICLES = "SELECT title, provider, known_at FROM articles ORDER BY id"
SIGHTINGS = "SELECT article_id, provider, ref, known_at FROM article_sightings ORDER BY known_at, ref"
LINKS = (
    "SELECT article_id, symbol, l.provider, basis, l.known_at FROM article_instruments l "
    "JOIN instruments i ON i.id = instrument_id ORDER BY l.known_at, symbol, l.provider, basis"
)
SCORES = (
    "SELECT coalesce(symbol, ''), score, label, s.provider, s.known_at FROM article_sentiments s "
    "LEFT JOIN instruments i ON i.id = instrument_id ORDER BY s.known_at, 1, s.provider"
)
VERSION = "SELECT version FROM watermarks WHERE dataset = 'news'"


async def test_the_same_story_under_two_addresses_is_one_article(database: Database) -> None:
    first = article("u1", url="https://www.prnewswire.com/apac/news/harbour-227.html", source="PR Newswire")
    second = article(
        "u2", f"{TITLE} ... - PR Newswire", "https://www.prnewswire.com/news/harbour-226.html", source="PR Newswire"
    )
    assert (await put(database, first, second, by="alpha_vantage")).inserted == 1
    third = article("9", "Quite another headline of the very same page", first.url + "?utm_source=feed#top")
    stored = await put(database, third, at=LATER)
    assert (stored.inserted, stored.changed) == (0, 1)
    assert await rows(database, ARTICLES) == [(TITLE, "alpha_vantage", SEEN)]
    assert await rows(database, SIGHTINGS) == [
        (1, "alpha_vantage", "u1", SEEN),
        (1, "alpha_vantage", "u2", SEEN),
        (1, "finnhub", "9", LATER),
    ]


async def test_storing_again_changes_nothing(database: Database, market: Market) -> None:
    market.instrument("PRFX")
    told = article("a", symbols=("PRFX", "NOPE"), sentiments=(ReportedSentiment(symbol="PRFX", score=0.25),))
    stored = await put(database, told, article("b", "Five words of another story"))
    assert (stored.rows, stored.inserted, stored.changed) == (2, 2, 0)
    tables = "articles", "article_sightings", "article_instruments", "article_sentiments", "watermarks"
    before = [await rows(database, f"SELECT * FROM {table}") for table in tables]  # noqa: S608  constants
    for _ in range(2):
        stored = await put(database, told, article("b", "Five words of another story"), at=LATER)
        assert (stored.rows, stored.inserted, stored.changed, stored.unchanged) == (2, 0, 0, 2)
    assert [await rows(database, f"SELECT * FROM {table}") for table in tables] == before  # noqa: S608  constants
    assert await rows(database, "SELECT inserted, changed FROM fetches ORDER BY id") == [(2, 0), (0, 0), (0, 0)]


async def test_the_text_stays_and_links_and_scores_are_added(database: Database, market: Market) -> None:
    market.instrument("AAPL"), market.instrument("PRFX")
    await put(database, article("a", summary="As it came first.", symbols=("AAPL",)))
    edited = article("a", "Another Title Was Put Above It", summary="Edited.", symbols=("AAPL", "PRFX"))
    await put(database, edited, at=LATER)
    again = LinkedArticle(article=article("x"), in_text=("AAPL",))
    await put(database, again, by="newsapi", at=LATER + timedelta(hours=1))
    assert await rows(database, "SELECT title, summary, known_at FROM articles") == [(TITLE, "As it came first.", SEEN)]
    assert await rows(database, LINKS) == [
        (1, "AAPL", "finnhub", "provider", SEEN),
        (1, "PRFX", "finnhub", "provider", LATER),
        (1, "AAPL", "newsapi", "text", LATER + timedelta(hours=1)),
    ]


async def test_a_score_that_changes_is_a_later_row(database: Database, market: Market) -> None:
    market.instrument("PRFX")

    def scored(*sentiments: ReportedSentiment) -> Article:
        return article("a", sentiments=sentiments)

    whole = ReportedSentiment(score=0.5, label="Bullish")
    await put(
        database, scored(whole, ReportedSentiment(symbol="PRFX", score=0.1), ReportedSentiment(symbol="?", score=1))
    )
    await put(database, scored(whole, ReportedSentiment(symbol="PRFX", score=-0.1)), at=LATER)
    await put(database, scored(whole, ReportedSentiment(symbol="PRFX", score=-0.1)), at=LATER)
    # A clock that stands still does not lose the order.
    await put(database, scored(ReportedSentiment(symbol="PRFX", label="Neutral")), at=LATER)
    assert await rows(database, SCORES) == [
        ("", 0.5, "Bullish", "finnhub", SEEN),
        ("PRFX", 0.1, None, "finnhub", SEEN),
        ("PRFX", -0.1, None, "finnhub", LATER),
        ("PRFX", None, "Neutral", "finnhub", LATER + timedelta(microseconds=1)),
    ]


@pytest.mark.parametrize(
    ("hours", "title", "count"),
    [(48, TITLE, 1), (49, TITLE, 2), (0, TITLE + " again", 2), (0, "Market update", 2)],
)
async def test_a_title_names_a_story_for_two_days(database: Database, hours: int, title: str, count: int) -> None:
    first = TITLE if title != "Market update" else title
    await put(database, article("a", first))
    await put(
        database, article("b", title, published_at=PUBLISHED + timedelta(hours=hours)), at=LATER + timedelta(days=3)
    )
    assert len(await rows(database, ARTICLES)) == count


async def test_what_comes_late_to_the_lock_was_not_known_before_the_article(database: Database) -> None:
    await put(database, article("a"), at=LATER)
    await put(database, article("b"), at=SEEN)
    assert await rows(database, SIGHTINGS) == [(1, "finnhub", "a", LATER), (1, "finnhub", "b", LATER)]


async def test_two_sites_without_a_page_are_told_apart(database: Database) -> None:
    site = "https://www.example.com/"
    await put(database, article("a", "First of two stories told here", site), article("b", "Market update", site))
    await put(database, article("c", "Market update", site))
    assert len(await rows(database, ARTICLES)) == 3


async def test_held_articles_and_the_watermark(database: Database) -> None:
    held = HeldRow(symbol="", session=None, rule="address", evidence={"address": "no"}, row={"title": "a" * 3_000})
    source = msgspec.structs.replace(fetched_news(), held=[held])
    async with database.transaction() as unit:
        stored = await NewsIngestStore().store(unit, [], source)
    assert (stored.rows, stored.held) == (0, 1)
    assert await rows(database, VERSION) == []
    await put(database, article("a"))
    await put(database, article("a"))
    assert await rows(database, VERSION) == [(1,)]


async def test_two_workers_that_bring_one_story_make_one_article(database_url: str) -> None:
    workers = [Database(DatabaseSettings(url=database_url), name=f"worker-{n}") for n in range(2)]
    for worker in workers:
        await worker.open()
    try:
        for n in range(20):
            title = f"The story number {n} of twenty"
            one = article(f"f{n}", title, f"https://example.com/{n}", published_at=PUBLISHED + timedelta(days=n))
            same = msgspec.structs.replace(one, ref=f"p{n}", url=one.url + ("?mod=x" if n % 2 else "-other"))
            both = (put(workers[0], one, at=SEEN), put(workers[1], same, by="polygon", at=SEEN))
            stored: Sequence[Stored] = await asyncio.gather(*both)
            assert sorted((one.inserted, one.changed) for one in stored) == [(0, 1), (1, 0)]
        assert len(await rows(workers[0], ARTICLES)) == 20
        assert len(await rows(workers[0], SIGHTINGS)) == 40
    finally:
        for worker in workers:
            await worker.close()


async def test_an_article_on_both_of_two_instruments_that_turn_out_to_be_one_stays(
    database: Database, market: Market
) -> None:
    old, new = market.instrument("FB"), market.instrument("META")
    score = ReportedSentiment(symbol="FB", score=0.5), ReportedSentiment(symbol="META", score=0.25)
    await put(database, article("a", symbols=("FB",), sentiments=score))
    await put(
        database,
        article("a", symbols=("FB", "META")),
        article("b", "Another story of the old name", symbols=("FB",)),
        at=LATER,
    )
    async with database.transaction() as unit:
        assert await unite(unit, Union(gone=old, stays=new, evidence={}), fetched_news(now=LATER), 1)
    assert await rows(database, LINKS) == [
        (1, "META", "finnhub", "provider", SEEN),
        (2, "META", "finnhub", "provider", LATER),
    ]
    assert await rows(database, SCORES) == [("META", 0.25, None, "finnhub", SEEN)]


async def test_whom_news_is_asked_about(database: Database, market: Market) -> None:
    subjects, now = NewsSubjectStore(database), SEEN
    market.instrument("AAPL", "Apple Inc.")
    market.instrument("PRFX")
    market.instrument("PG", "Procter & Gamble")
    assert await subjects.companies(["AAPL", "PRFX", "NOPE"]) == {"AAPL": "Apple Inc.", "PRFX": ""}
    assert await subjects.companies([]) == {}

    async def ask(symbol: str, when: datetime, *, found: bool = True) -> None:
        asked = (
            f"INSERT INTO asks SELECT '{Dataset.NEWS}', id, 'finnhub', '{when}', {int(not found)}, "  # noqa: S608  constants
            f"'{when + (timedelta(0) if found else timedelta(days=1))}' FROM instruments WHERE symbol = '{symbol}'"
        )
        async with database.connection() as connection:
            await connection.execute(asked.encode())

    await ask("AAPL", now)
    assert await subjects.answered("finnhub", ["AAPL"]) == now
    assert await subjects.answered("finnhub", ["AAPL", "PG"]) is None
    assert await subjects.answered("polygon", ["AAPL"]) is None
    await ask("PG", now - timedelta(hours=3), found=False)
    assert await subjects.answered("finnhub", ["AAPL", "PG"]) is None


async def test_nothing_is_stored_of_an_empty_reply(database: Database) -> None:
    assert (await put(database, *linked())).rows == 0
    assert await rows(database, ARTICLES) == []
