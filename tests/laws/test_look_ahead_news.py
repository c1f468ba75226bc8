"""No look-ahead in news: what was answered at a moment is answered as of that moment for ever, byte for byte."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from app.db.engine import Database
from app.db.news_ingest import NewsIngestStore
from app.domain.news import ReportedSentiment
from app.ports.news import LinkedArticle
from app.settings import DatabaseSettings
from tests.api.test_bars import Reads, reads_of
from tests.fakes.news import PUBLISHED, SEEN, article, fetched_news

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

SYMBOLS = ("AAPL", "PG", "XOM", "T")
PROVIDERS = ("newsapi", "finnhub", "polygon", "alpha_vantage")
TOPICS = ("dividend", "buyback", "phone", "oil")
ROUNDS, A_ROUND, STORIES = 8, 6, 15
QUESTIONS: tuple[dict[str, object], ...] = (
    {},
    {"limit": 5},
    {"symbols": "AAPL"},
    {"symbols": "AAPL,XOM", "limit": 3},
    {"provider": "polygon"},
    {"q": "dividend"},
    {"q": "phone or oil -dividend"},
    {"q": "story", "symbols": "PG,T", "provider": "finnhub"},
    {"from": "2023-12-27", "until": "2023-12-28"},
)


def told(dice: random.Random) -> tuple[str, LinkedArticle]:
    """One of a few stories, by some provider and address, with other words, links and scores each time."""
    story = dice.randrange(STORIES)
    provider = dice.choice(PROVIDERS)
    scores = tuple(
        ReportedSentiment(symbol=dice.choice([None, *SYMBOLS]), score=dice.choice([None, -0.5, 0.25]), label="Neutral")
        for _ in range(dice.randrange(3))
    )
    one = article(
        f"{story}-{dice.randrange(3)}",
        f"A story of {TOPICS[story % 4]} and of {TOPICS[story % 3]}, number {story}",
        f"https://example.com/{story}/{dice.choice(['a', 'b?utm_source=x', 'b'])}",
        published_at=PUBLISHED + story * timedelta(hours=5),
        summary=dice.choice([None, "Told in short.", f"With a word on {dice.choice(TOPICS)}."]),
        symbols=tuple(dice.sample(SYMBOLS, dice.randrange(3))),
        sentiments=scores,
    )
    return provider, LinkedArticle(article=one, in_text=tuple(dice.sample(SYMBOLS, dice.randrange(2))))


async def answers(reads: Reads, at: datetime) -> dict[str, bytes]:
    """Every read of news as of a moment; lists to their last page."""
    found: dict[str, bytes] = {}
    for question in QUESTIONS:
        url = "/api/news?" + urlencode({**question, "as_of": at.isoformat()})
        while url:
            answer = await reads.get(url)
            assert answer.status_code == 200, answer.text
            found[url] = answer.content
            url = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
    for number in range(1, STORIES + 2):
        answer = await reads.get(f"/api/news/{number}?" + urlencode({"as_of": at.isoformat()}))
        found[f"{number}"] = answer.content if answer.status_code == 200 else b"unknown then"
    return found


async def test_what_comes_later_changes_no_answer_of_before(database_url: str) -> None:
    dice = random.Random(1)
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    kept: dict[datetime, dict[str, bytes]] = {}
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        for symbol in SYMBOLS:
            reads.market.instrument(symbol)
        for n in range(ROUNDS):
            now = SEEN + n * timedelta(hours=7)
            for provider, one in [told(dice) for _ in range(A_ROUND)]:
                async with database.transaction() as unit:
                    await NewsIngestStore().store(unit, [one], fetched_news(provider, now))
            # A score that changes within a moment is known a microsecond later.
            kept[now + timedelta(milliseconds=1)] = await answers(reads, now + timedelta(milliseconds=1))
        again = {at: await answers(reads, at) for at in kept}
        assert again == kept
        first, *_, last = kept.values()
        assert first != last
        assert sum(len(body) for body in last.values()) > 2 * sum(len(body) for body in first.values())
    await database.close()
