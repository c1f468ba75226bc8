"""News: articles as providers report them, and which of them may be stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final
from urllib.parse import urlsplit

import msgspec

from app.domain.news_keys import url_key

# Clocks differ, and some publishers round up.
MOST_AHEAD: Final = timedelta(hours=1)
# Nothing on the Web is older: such a time is a zero, or a mistake.
FIRST_DAY: Final = datetime(1990, 1, 1, tzinfo=UTC)
MOST_KEY_BYTES: Final = 2_000
MOST_TITLE: Final = 1_000
MOST_NAME: Final = 300
MOST_SUMMARY: Final = 50_000
MOST_SYMBOLS: Final = 500
SCHEMES: Final = frozenset({"http", "https"})


class ReportedSentiment(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's own score of an article, for one symbol or (None) the whole, from -1 (bad) to 1 (good).

    None for the score where the provider gives only a word. It is the provider's, never ours.
    """

    symbol: str | None = None
    score: float | None = None
    label: str | None = None


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One article. `published_at` is aware UTC; `symbols` are those that the provider ties it to.

    `ref` is the provider's own id, or the address where it has none.
    """

    ref: str
    url: str
    title: str
    published_at: datetime
    source: str | None = None
    author: str | None = None
    summary: str | None = None
    image_url: str | None = None
    symbols: tuple[str, ...] = ()
    sentiments: tuple[ReportedSentiment, ...] = ()


def tidy(article: Article) -> Article:
    """Return an article without space around its texts, empty texts, and a picture that has no web address."""
    image = blank_to_none(article.image_url)
    return msgspec.structs.replace(
        article,
        ref=article.ref.strip(),
        url=article.url.strip(),
        title=" ".join(article.title.split()),
        source=blank_to_none(article.source),
        author=blank_to_none(article.author),
        summary=blank_to_none(article.summary),
        image_url=image if image and not address_fault(image) else None,
    )


def faults(article: Article, now: datetime) -> dict[str, str]:
    """Return each rule that a tidy article breaks, with the evidence in words; none for one that may be stored.

    `now` is the market time: nothing is published after it, but for an hour in which clocks may differ.
    """
    found: dict[str, str] = {}
    if fault := address_fault(article.url):
        found["address"] = fault
    if not article.ref or len(article.ref.encode("utf-8", "replace")) > MOST_KEY_BYTES:
        found["ref"] = f"the provider's id is empty or longer than {MOST_KEY_BYTES} bytes"
    if not article.title:
        found["title"] = "there is no title"
    if fault := time_fault(article.published_at, now):
        found["published_at"] = fault
    if fault := text_fault(article):
        found["text"] = fault
    if any(not sound(sentiment) for sentiment in article.sentiments):
        found["sentiment"] = "a score is not a number from -1 to 1, or neither score nor label is there"
    return found


def address_fault(url: str) -> str | None:
    """Say what keeps an address from being a link; None when it may be one."""
    try:
        parts = urlsplit(url)
        key = url_key(url)
    except ValueError:
        return "it is not an address with a host"
    if parts.scheme not in SCHEMES:
        return "the address is not of http or https"
    if parts.username is not None or parts.password is not None:
        return "the address holds a user's name"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "the address holds spaces or control characters"
    if max(len(url.encode("utf-8", "replace")), len((key or "").encode("utf-8", "replace"))) > MOST_KEY_BYTES:
        return f"the address is longer than {MOST_KEY_BYTES} bytes"
    return None


def time_fault(at: datetime, now: datetime) -> str | None:
    """Say what is wrong with a time of publication; None when it may be one."""
    if at.utcoffset() is None:
        return "the time has no zone"
    if at < FIRST_DAY:
        return f"the time is before {FIRST_DAY.year}"
    if at > now + MOST_AHEAD:
        return "the time is in the future"
    return None


def text_fault(article: Article) -> str | None:
    """Say what is wrong with the texts of an article; None when they may be stored."""
    symbols = [*article.symbols, *(one.symbol for one in article.sentiments if one.symbol is not None)]
    names = [article.source, article.author, *(one.label for one in article.sentiments), *symbols]
    texts = [article.ref, article.url, article.title, article.summary, article.image_url, *names]
    if any("\0" in text or not storable(text) for text in texts if text is not None):
        return "a text holds what is no character, such as NUL"
    long = len(article.title) > MOST_TITLE or len(article.summary or "") > MOST_SUMMARY
    if long or any(len(name) > MOST_NAME for name in names if name is not None):
        return "a text is longer than texts of its kind are"
    if len(symbols) > MOST_SYMBOLS:
        return f"the article is tied to more than {MOST_SYMBOLS} symbols"
    return None


def sound(sentiment: ReportedSentiment) -> bool:
    """Tell whether a score may be stored."""
    if sentiment.score is None:
        return bool(sentiment.label)
    return isfinite(sentiment.score) and -1 <= sentiment.score <= 1


def storable(text: str) -> bool:
    """Tell whether a text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def blank_to_none(text: str | None) -> str | None:
    """Return a text without space around it; None when nothing is left."""
    return (text or "").strip() or None
