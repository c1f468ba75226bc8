"""News is read as it was known at any time, newest first or by words; no text is an operator."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.db.news import News
from app.db.news_ingest import NewsIngestStore
from app.domain.news import ReportedSentiment
from app.ports.news import LinkedArticle, NewsQuery
from tests.fakes.news import PUBLISHED, SEEN, article, fetched_news, ids_of, linked

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.domain.news import Article
    from app.ports.news import NewsItem
    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

HOUR = timedelta(hours=1)
TITLES = [
    "Apple unveils a new phone in September",
    "Harbour caf\u00e9s are full of apple pies",
    "Dividends: 100% of what_a company earns",
    "Procter raises its dividend once more",
]


async def put(database: Database, *articles: Article | LinkedArticle, by: str = "finnhub", hours: float = 0) -> None:
    rows = [one if isinstance(one, LinkedArticle) else LinkedArticle(article=one) for one in articles]
    async with database.transaction() as unit:
        await NewsIngestStore().store(unit, rows, fetched_news(by, SEEN + hours * HOUR))


def query(**asked: object) -> NewsQuery:
    nothing: dict[str, object] = dict.fromkeys(NewsQuery.__struct_fields__)
    return NewsQuery(**{**nothing, "limit": 10, **asked})  # type: ignore[arg-type]  # what a test asks for


@pytest.fixture
async def news(database: Database, market: Market) -> News:
    """Four articles, an hour apart; the first two are of Apple (1), the last of Procter (2)."""
    market.instrument("AAPL"), market.instrument("PG")
    symbols = [("AAPL",), ("AAPL", "PG"), (), ("PG",)]
    made = [
        article(f"a{n}", title, published_at=PUBLISHED + n * HOUR, symbols=symbols[n], summary=f"Number {n}.")
        for n, title in enumerate(TITLES)
    ]
    await put(database, *made)
    return News(database)


CASES: list[tuple[dict[str, object], list[int]]] = [
    ({}, [4, 3, 2, 1]),
    ({"limit": 2}, [4, 3]),
    ({"instruments": (1,)}, [2, 1]),
    ({"instruments": (1, 2)}, [4, 2, 1]),
    ({"instruments": (2,), "limit": 1}, [4]),
    ({"instruments": ()}, []),
    ({"from_": PUBLISHED + HOUR, "until": PUBLISHED + 3 * HOUR}, [3, 2]),
    ({"from_": PUBLISHED + HOUR, "instruments": (1,)}, [2]),
    ({"provider": "finnhub", "instruments": (2,)}, [4, 2]),
    ({"provider": "polygon"}, []),
    ({"provider": "polygon", "text": "apple"}, []),
    ({"text": "apple"}, [2, 1]),
    ({"text": "APPLES"}, [2, 1]),
    ({"text": "cafe"}, [2]),
    ({"text": "caf\u00e9"}, [2]),
    ({"text": "apple -pies"}, [1]),
    ({"text": '"new phone"'}, [1]),
    ({"text": "phone or dividend"}, [4, 3, 1]),
    ({"text": "apple", "instruments": (2,)}, [2]),
    ({"text": "number dividends", "from_": PUBLISHED + 3 * HOUR}, [4]),
    ({"text": "the"}, []),
    ({"text": "%"}, []),
    ({"text": "company_earns"}, [3]),
    ({"text": "compan_"}, []),
    ({"text": "' OR 1=1 --"}, []),
    ({"text": "!& (|) <-> :* \\ ''"}, []),
]


async def test_a_question_is_answered_in_order(news: News) -> None:
    found = [(asked, ids_of(await news.page(query(**asked)))) for asked, _ in CASES]
    assert found == CASES


async def test_a_title_ranks_above_a_summary(database: Database, news: News) -> None:
    await put(
        database,
        article("b", "Nothing of the fruit is in here", summary="An apple.", published_at=PUBLISHED + 9 * HOUR),
    )
    found = await news.page(query(text="apple"))
    assert ids_of(found) == [2, 1, 5]
    assert [item.rank is not None and item.rank > 0 for item in found] == [True] * 3
    assert found[0].rank == found[1].rank
    assert {item.rank for item in await news.page(query())} == {None}


@pytest.mark.parametrize("asked", [{}, {"text": "story or number"}, {"instruments": (1, 2)}, {"provider": "finnhub"}])
async def test_pages_follow_each_other_also_within_one_moment(
    database: Database, market: Market, asked: dict[str, object]
) -> None:
    market.instrument("AAPL"), market.instrument("PG")
    titles = [
        "Story with a number in its title",
        "Another one with the number of a story",
        "Only the word story is in here",
    ]
    made = [
        article(
            f"a{n}", f"{titles[n % 3]} {n}", published_at=PUBLISHED + (n // 5) * HOUR, symbols=("AAPL", "PG")[n % 3 :]
        )
        for n in range(20)
    ]
    await put(database, *made, *made)
    news = News(database)
    whole = await news.page(query(**asked, limit=100))
    paged: list[NewsItem] = []
    while page := await news.page(query(**asked, limit=3, after=key_of(paged[-1]) if paged else None)):
        paged += page
    assert paged == whole
    assert len(ids_of(whole)) == len(set(ids_of(whole))) == (14 if "instruments" in asked else 20)


def key_of(item: NewsItem) -> tuple[float, object, int]:
    return (item.rank or 0.0, item.published_at, item.id)


async def test_what_was_not_known_then_is_not_told(database: Database, news: News) -> None:
    scored = ReportedSentiment(symbol="PG", score=0.5), ReportedSentiment(score=-0.25, label="Somewhat-Bearish")
    same = article("p1", TITLES[0], published_at=PUBLISHED, symbols=("PG",), sentiments=scored)
    await put(database, same, by="polygon", hours=1)
    changed = article("p1", TITLES[0], sentiments=(ReportedSentiment(symbol="PG", score=0.75),))
    await put(database, changed, by="polygon", hours=2)
    await put(database, LinkedArticle(article=article("n1", TITLES[0]), in_text=("AAPL",)), by="newsapi", hours=3)

    async def told(hours: float) -> tuple[object, ...] | None:
        one = await news.one(1, SEEN + hours * HOUR)
        listed = {item.id: item for item in await news.page(query(as_of=SEEN + hours * HOUR))}
        if one is None:
            assert not listed
            return None
        scores = [(s.symbol, s.score, s.label, s.provider) for s in one.sentiments]
        assert (listed[1].symbols, listed[1].sentiments, listed[1].sightings) == (
            one.symbols,
            one.sentiments,
            one.sightings,
        )
        assert len(one.seen) == one.sightings
        return (one.symbols, scores, one.sightings, [(link.symbol, link.provider, link.basis) for link in one.links])

    whole = (None, -0.25, "Somewhat-Bearish", "polygon")
    first = ("AAPL", "finnhub", "provider")
    assert await told(-0.1) is None
    assert await told(0) == (["AAPL"], [], 1, [first])
    assert await told(1) == (
        ["AAPL", "PG"],
        [whole, ("PG", 0.5, None, "polygon")],
        2,
        [first, ("PG", "polygon", "provider")],
    )
    assert await told(2) == (
        ["AAPL", "PG"],
        [whole, ("PG", 0.75, None, "polygon")],
        2,
        [first, ("PG", "polygon", "provider")],
    )
    assert await told(3) == (
        ["AAPL", "PG"],
        [whole, ("PG", 0.75, None, "polygon")],
        3,
        [first, ("AAPL", "newsapi", "text"), ("PG", "polygon", "provider")],
    )
    for asked in ({"instruments": (2,)}, {"provider": "polygon"}, {"text": "phone", "instruments": (2,)}):
        assert 1 not in ids_of(await news.page(query(**asked, as_of=SEEN + 0.5 * HOUR)))
        assert 1 in ids_of(await news.page(query(**asked, as_of=SEEN + HOUR)))
    assert await news.one(99, None) is None


async def test_words_rank_only_the_latest_that_fit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.db.news.RANKED", 2)
    made = [article(f"a{n}", f"Story of many words number {n}", published_at=PUBLISHED + n * HOUR) for n in range(4)]
    async with database.transaction() as unit:
        await NewsIngestStore().store(unit, linked(*made), fetched_news())
    assert ids_of(await News(database).page(query(text="story"))) == [4, 3]
