"""News: search, one company's latest, and a reply of 100 articles into 100,000 that are there."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import psycopg

from app.bootstrap import House
from app.db.news_ingest import NewsIngestStore
from app.domain.datasets import Dataset
from app.domain.news import Article
from app.domain.news_stories import keys_of
from app.ports.news import LinkedArticle, NewsQuery
from app.ports.providers import Payload
from app.ports.stores import Fetched
from app.settings import DatabaseSettings, Settings
from bench.findings import Finding, at_most, finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from bench.lab import Lab

ARTICLES: Final = 100_000
COMPANIES: Final = 2_000
VOCABULARY: Final = 20_000
TITLE_WORDS: Final = 10
SUMMARY_WORDS: Final = 40
QUERIES: Final = 300
REPLY: Final = 100
REPLIES: Final = 20
PAGE: Final = 51
P50_MS: Final = 5.0
NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
SYLLABLES: Final = (
    "ka",
    "lo",
    "mi",
    "ter",
    "ran",
    "vex",
    "ost",
    "pra",
    "lin",
    "dor",
    "qua",
    "zen",
    "bel",
    "nor",
    "tis",
)
COPY: Final = """
COPY articles (url, url_key, title, title_key, summary, published_at, provider, fetch_id, known_at) FROM STDIN"""
# As many links as providers tell, most of them of few companies.
FILL: Final = """
INSERT INTO article_sightings SELECT id, provider, id::text, url, url_key, 1, known_at FROM articles;
INSERT INTO article_instruments
SELECT 1 + floor(%(companies)s * power(random(), 3))::int, published_at, a.id, provider, 'provider', 1, known_at
FROM articles a, generate_series(1, 2) ON CONFLICT DO NOTHING;
INSERT INTO watermarks VALUES ('news', 1, now())
"""


def run(lab: Lab) -> list[Finding]:
    """Load articles of Zipf's words, ask for rare, common and mixed ones, and store more."""
    url = lab.database("news")
    words = Words(random.Random(11))  # noqa: S311  a benchmark repeats itself
    lab.say(f"loading {ARTICLES:,} articles of {VOCABULARY:,} words")
    load(url, words)
    return asyncio.run(measure(url, words, lab))


class Words:
    """A vocabulary in which the n-th word is said 1/n as often as the first."""

    def __init__(self, chance: random.Random) -> None:
        """Make up the words."""
        made = {"".join(chance.choices(SYLLABLES, k=chance.randint(2, 5))) for _ in range(4 * VOCABULARY)}
        self.all = sorted(made)[:VOCABULARY]
        chance.shuffle(self.all)
        self.weights = np.cumsum(1 / np.arange(1, len(self.all) + 1)).tolist()
        self.chance = chance

    def some(self, count: int) -> list[str]:
        """Say so many words."""
        return self.chance.choices(self.all, cum_weights=self.weights, k=count)


def made(words: Words, first: int, count: int) -> Iterator[Article]:
    """Make up articles, one every three minutes up to now."""
    for n in range(first, first + count):
        title = " ".join(words.some(TITLE_WORDS)).capitalize()
        summary = " ".join(words.some(SUMMARY_WORDS)).capitalize()
        at = NOW - timedelta(minutes=3 * (ARTICLES + REPLY * REPLIES - n))
        yield Article(ref=str(n), url=f"https://example.com/{n}", title=title, summary=summary, published_at=at)


def load(url: str, words: Words) -> None:
    """Store instruments and articles straight."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO instruments (symbol, provider, known_at, changed_at)"
            " SELECT 'S' || n, 'synthetic', now(), now() FROM generate_series(1, %s) n",
            [COMPANIES],
        )
        with cursor.copy(COPY) as copy:
            for one in made(words, 0, ARTICLES):
                key = keys_of(one)
                copy.write_row(
                    (one.url, key.url_key, one.title, key.title_key, one.summary, one.published_at, "synthetic", 1, NOW)
                )
        for statement in FILL.split(";"):
            cursor.execute(statement.encode(), {"companies": COMPANIES} if "%(" in statement else None)
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def question(**asked: object) -> NewsQuery:
    """Ask for a first page of everything, but for what is said."""
    nothing: dict[str, object] = dict.fromkeys(NewsQuery.__struct_fields__)
    return NewsQuery(**{**nothing, "limit": PAGE, **asked})  # type: ignore[arg-type]  # the fields' own types are given


async def measure(url: str, words: Words, lab: Lab) -> list[Finding]:
    """Time each kind of question, then replies."""
    chance = words.chance
    rare, common = words.all[200:], words.all[:20]
    kinds = {
        "search: two words of a title": [question(text=" ".join(words.some(2))) for _ in range(QUERIES)],
        "search: a rare word": [question(text=chance.choice(rare)) for _ in range(QUERIES)],
        "search: a word of a fifth of all or more": [question(text=chance.choice(common)) for _ in range(QUERIES)],
        "search: two words, a company": [
            question(text=" ".join(words.some(2)), instruments=(chance.randint(1, COMPANIES),)) for _ in range(QUERIES)
        ],
        "a company's latest": [question(instruments=(chance.randint(1, COMPANIES),)) for _ in range(QUERIES)],
        "twenty companies' latest": [
            question(instruments=tuple(chance.sample(range(1, COMPANIES + 1), 20))) for _ in range(QUERIES)
        ],
        "the latest": [question()] * QUERIES,
    }
    findings = []
    async with House(Settings(database=DatabaseSettings(url=url)), name="bench") as house:
        for name, asked in kinds.items():
            lab.say(name)

            async def ask(number: int, asked: Sequence[NewsQuery] = asked) -> None:
                await house.news.page(asked[number])

            took = await timed(ask, len(asked))
            goal = at_most(P50_MS) if name == "search: two words of a title" else None
            findings += [
                finding(f"p50, {name}", [float(np.percentile(took, 50))], "ms", goal),
                finding(f"p99, {name}", [float(np.percentile(took, 99))], "ms"),
            ]
        replies = [
            [LinkedArticle(article=one) for one in made(words, ARTICLES + n * REPLY, REPLY)] for n in range(REPLIES)
        ]
        fetched = Fetched(
            provider="synthetic", dataset=Dataset.NEWS, subject="S1", known_at=NOW, step="1/fetch/news",
            payload=Payload(sha256=bytes(32), size=0),
        )  # fmt: skip

        async def store(number: int) -> None:
            async with house.database.transaction() as unit:
                await NewsIngestStore().store(unit, replies[number], fetched)

        lab.say(f"replies of {REPLY} articles")
        findings.append(finding(f"a reply of {REPLY} new articles, committed", await timed(store, REPLIES), "ms"))
        findings.append(finding("the same again, unchanged", await timed(store, REPLIES), "ms"))
    return findings


async def timed(work: Callable[[int], Awaitable[None]], count: int) -> list[float]:
    """Return how many milliseconds each of the calls took; the first one warms up."""
    took = []
    for number in [0, *range(count)]:
        begun = time.perf_counter()
        await work(number)
        took.append((time.perf_counter() - begun) * 1_000)
    return took[1:]
