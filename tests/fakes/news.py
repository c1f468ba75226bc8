"""Articles for tests, in the shapes in which providers tell them, and where they are said to come from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from app.domain.datasets import Dataset
from app.domain.news import Article
from app.ports.news import LinkedArticle
from app.ports.providers import NewsReply
from app.ports.stores import Fetched
from tests.fakes.fetching import PAYLOAD

PUBLISHED = datetime(2023, 12, 27, 0, 0, tzinfo=UTC)
SEEN = PUBLISHED + timedelta(hours=1)
TITLE = "Harbour and Lakeside Enter Strategic Collaboration on Treatment of Hypertension"


def article(ref: str, title: str = TITLE, url: str | None = None, **more: object) -> Article:
    """One article; each reference has an address of its own when none is given."""
    plain = Article(ref=ref, url=url or f"https://www.example.com/{ref}", title=title, published_at=PUBLISHED)
    return msgspec.structs.replace(plain, **more)


def linked(*articles: Article) -> list[LinkedArticle]:
    """Articles of which the text told nothing more."""
    return [LinkedArticle(article=one) for one in articles]


def fetched_news(provider: str = "finnhub", now: datetime = SEEN) -> Fetched:
    """Say where the articles of a reply come from."""
    return Fetched(
        provider=provider, dataset=Dataset.NEWS, subject="AAPL", payload=PAYLOAD, known_at=now, step="1/fetch/news"
    )


def news_reply(*articles: Article, cursor: str | None = None, total: int | None = None) -> NewsReply:
    """A provider's reply."""
    return NewsReply(payload=PAYLOAD, unreadable=[], articles=list(articles), cursor=cursor, total=total)


def ids_of(items: Sequence[object]) -> list[int]:
    """The numbers of what was read."""
    return [item.id for item in items]  # type: ignore[attr-defined]  # items and details both have one
