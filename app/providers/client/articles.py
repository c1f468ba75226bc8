"""What every provider's articles have in common: the days that were asked for, tickers, and pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.quality import valid_symbol
from app.providers.client.wire import UnsoundError, Url, unexpected, utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.news import Article
    from app.ports.providers import NewsAbout

# An article is a fact of its own: a few that cannot be do not make the page another format.
MOST_UNSOUND = 0.5
# Providers cut by whole days, of one time zone or another.
SLACK = timedelta(days=1)
MOST_SYMBOLS = 200


def published(told: datetime, question: NewsAbout) -> datetime:
    """Return when an article appeared, in UTC; raise UnsoundError when that is not about what was asked for."""
    at = utc(told)
    if not question.since - SLACK <= at < question.until + SLACK:
        wanted = f"one from {question.since:%Y-%m-%d} to {question.until:%Y-%m-%d}"
        raise UnsoundError(unexpected(at.isoformat(), wanted), "wrong_time")
    return at


def tickers(told: Iterable[str | None]) -> tuple[str, ...]:
    """Return the tickers among the words, each once, in order: no currencies, coins or foreign listings."""
    words = [word.strip() for word in told if word]
    return tuple(dict.fromkeys(word for word in words if valid_symbol(word) and ":" not in word))[:MOST_SYMBOLS]


def picture(told: object) -> str | None:
    """Return a picture's address; None for what is no address, since an article does without."""
    try:
        return msgspec.convert(told, Url)
    except msgspec.ValidationError:
        return None


def worded(told: str | None) -> str | None:
    """Return a text without its outer spaces; None when nothing is left."""
    return (told or "").strip() or None


def newest_first(articles: list[Article]) -> list[Article]:
    """Put the newest article first."""
    return sorted(articles, key=lambda article: article.published_at, reverse=True)
