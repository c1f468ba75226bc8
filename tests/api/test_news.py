"""GET /api/news and /api/news/{id}."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from app.api import cursors
from app.db.engine import Database
from app.db.news_ingest import NewsIngestStore
from app.domain.news import ReportedSentiment
from app.settings import DatabaseSettings
from tests.api.test_bars import Reads, reads_of
from tests.fakes.news import PUBLISHED, SEEN, article, fetched_news, linked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.news import Article

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

HOUR = timedelta(hours=1)
SCORED = ReportedSentiment(symbol="PG", score=0.5, label="Bullish")
STORIES = [
    article("a0", "Apple unveils a new phone in September", symbols=("AAPL",)),
    article("a1", "Harbour caf\u00e9s are full of apple pies", symbols=("AAPL", "PG"), published_at=PUBLISHED + HOUR),
    article("a2", "Procter raises its dividend once more", symbols=("PG",), published_at=PUBLISHED + 30 * HOUR),
]


async def put(url: str, *articles: Article, by: str = "finnhub", at: datetime = SEEN) -> None:
    database = Database(DatabaseSettings(url=url), name="test")
    await database.open()
    async with database.transaction() as unit:
        await NewsIngestStore().store(unit, linked(*articles), fetched_news(by, at))
    await database.close()


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        reads.market.instrument("AAPL", "Apple Inc.")
        reads.market.instrument("PG")
        await put(database_url, *STORIES)
        again = article("p2", STORIES[2].title, published_at=STORIES[2].published_at, sentiments=(SCORED,))
        await put(database_url, again, by="polygon", at=SEEN + 48 * HOUR)
        yield reads


def told(answer: dict[str, Any]) -> list[int]:
    return [item["id"] for item in answer["items"]]


async def test_an_article_is_told_in_full(reads: Reads) -> None:
    answer = await reads.json("/api/news?symbols=PG,nope&limit=1")
    assert answer["unknown"] == ["nope"]
    assert answer["items"] == [
        {
            "id": 3,
            "title": STORIES[2].title,
            "summary": None,
            "url": "https://www.example.com/a2",
            "source": None,
            "author": None,
            "image_url": None,
            "published_at": "2023-12-28T06:00:00Z",
            "known_at": "2023-12-27T01:00:00Z",
            "provider": "finnhub",
            "symbols": ["PG"],
            "sentiments": [
                {
                    "symbol": "PG",
                    "score": 0.5,
                    "label": "Bullish",
                    "provider": "polygon",
                    "known_at": "2023-12-29T01:00:00Z",
                }
            ],
            "sightings": 2,
            "rank": None,
        }
    ]
    one = await reads.json("/api/news/3")
    assert {name: one[name] for name in answer["items"][0]} == answer["items"][0]
    assert one["seen"] == [
        {"provider": "finnhub", "url": "https://www.example.com/a2", "known_at": "2023-12-27T01:00:00Z"},
        {"provider": "polygon", "url": "https://www.example.com/p2", "known_at": "2023-12-29T01:00:00Z"},
    ]
    assert one["links"] == [
        {"symbol": "PG", "provider": "finnhub", "basis": "provider", "known_at": "2023-12-27T01:00:00Z"}
    ]


async def test_a_question_is_narrowed(reads: Reads) -> None:
    asked = {
        "": [3, 2, 1],
        "symbols=AAPL": [2, 1],
        "provider=polygon": [3],
        # Midnight in New York is five o'clock in UTC.
        "from=2023-12-28": [3],
        "until=2023-12-28": [2, 1],
        "from=2023-12-26&until=2023-12-27": [2, 1],
        "q=apple": [2, 1],
        f"q={quote('cafe or dividend')}": [3, 2],
        f"q={quote('apple -phone')}": [2],
        "q=apple&symbols=PG": [2],
        f"q={quote('%_')}": [],
        f"q={quote(' ')}": [],
        f"q={quote(chr(39) + ';--')}": [],
        "as_of=2023-12-27": [3, 2, 1],
        "as_of=2023-12-27T00:59:59Z": [],
    }
    assert {query: told(await reads.json(f"/api/news?{query}")) for query in asked} == asked


async def test_what_was_not_known_then_is_not_told(reads: Reads) -> None:
    then = await reads.json("/api/news/3?as_of=2023-12-27")
    assert (then["sightings"], then["sentiments"], len(then["seen"])) == (1, [], 1)
    assert (await reads.get("/api/news/3?as_of=2023-12-27T00:00:00Z")).status_code == 404
    assert (await reads.json("/api/news/3?as_of=2023-12-29T01:00:00Z"))["sightings"] == 2


@pytest.mark.parametrize("query", ["limit=1", "limit=1&q=apple or dividend", "limit=2&symbols=PG,AAPL"])
async def test_pages_follow_each_other(reads: Reads, query: str) -> None:
    whole = await reads.json(f"/api/news?{query.replace('limit=', 'limit=9')}")
    paged, url = [], f"/api/news?{query}"
    while url:
        answer = await reads.get(url)
        paged += answer.json()["items"]
        url = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
    assert paged == whole["items"]
    assert len(paged) == 3


async def test_an_unchanged_answer_costs_nothing_and_news_ends_it(reads: Reads, database_url: str) -> None:
    first = await reads.get("/api/news")
    etag = first.headers["etag"]
    assert (await reads.get("/api/news", if_none_match=etag)).status_code == 304
    await put(database_url, *STORIES, at=SEEN + 50 * HOUR)
    assert (await reads.get("/api/news", if_none_match=etag)).status_code == 304
    await put(database_url, article("a9", "Another story of more than five words"))
    fresh = await reads.get("/api/news", if_none_match=etag)
    assert (fresh.status_code, len(fresh.json()["items"])) == (200, 4)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/api/news?symbols=nope", 404),
        ("/api/news/99", 404),
        ("/api/news/0", 400),
        ("/api/news?limit=0", 400),
        ("/api/news?limit=201", 400),
        ("/api/news?q=", 400),
        ("/api/news?q=a%00b", 400),
        ("/api/news?provider=Finnhub", 400),
        ("/api/news?from=2010-01-01&until=2010-01-01", 422),
        ("/api/news?from=0001-01-01", 422),
        ("/api/news?as_of=2010-01-01T00:00", 422),
        ("/api/news?cursor=W10", 422),
        (f"/api/news?q=apple&cursor={cursors.encode(1e300, PUBLISHED, 1)}", 422),
        (f"/api/news?cursor={cursors.encode(0.0, PUBLISHED.replace(tzinfo=None), 1)}", 422),
        (f"/api/news?cursor={cursors.encode(0.0, PUBLISHED, 2**70)}", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, url: str, status: int) -> None:
    assert (await reads.get(url)).status_code == status
