"""News: on its way in, and what is asked about it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from app.domain.news import Article  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched, Stored


class LinkedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """A sound article, and the symbols of the companies that were read from its text."""

    article: Article
    in_text: tuple[str, ...] = ()


class NewsIngest(Protocol):
    """Articles on their way in."""

    async def store(self, unit: UnitOfWork, articles: Sequence[LinkedArticle], fetched: Fetched) -> Stored:
        """Store tidy, sound articles of one provider's reply.

        One that is stored already gains a sighting, links and scores; its text stays as it was. Symbols that are no
        instruments are left out. Idempotent: storing the same articles again changes nothing.
        """


class NewsSubjects(Protocol):
    """Whom news is asked about."""

    async def companies(self, symbols: Collection[str]) -> dict[str, str]:
        """Return those of the symbols that are instruments, each with its name; empty where that is not known."""

    async def answered(self, provider: str, symbols: Collection[str]) -> datetime | None:
        """Return when the provider last answered about all of these (market time); None when about one it never did."""


class Sentiment(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's own score, from -1 (bad) to 1 (good), of one symbol or (null) of the whole article; never ours."""

    symbol: str | None
    score: float | None
    label: str | None
    provider: str
    known_at: datetime


class NewsItem(msgspec.Struct, frozen=True, kw_only=True):
    """An article as it first came, and what was told of it since: `sightings` counts how often it came.

    `rank` says how well it fits the words that were searched for, null without any.
    """

    id: int
    title: str
    summary: str | None
    url: str
    source: str | None
    author: str | None
    image_url: str | None
    published_at: datetime
    known_at: datetime
    provider: str
    symbols: list[str]
    sentiments: list[Sentiment]
    sightings: int
    rank: float | None


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ways by which an article came."""

    provider: str
    url: str
    known_at: datetime


class NewsLink(msgspec.Struct, frozen=True, kw_only=True):
    """Who ties an article to a company: the provider itself, or our reading of the text that it gave."""

    symbol: str
    provider: str
    basis: Literal["provider", "text"]
    known_at: datetime


class NewsDetail(NewsItem, frozen=True, kw_only=True):
    """An article with each of its sightings and links."""

    seen: list[Sighting]
    links: list[NewsLink]


class NewsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for articles: newest first, or with `text` best first among the latest 500 that fit.

    `instruments` are ids; None asks for all articles. `after` continues behind (rank, published_at, id).
    """

    instruments: tuple[int, ...] | None
    text: str | None
    from_: datetime | None
    until: datetime | None
    as_of: datetime | None
    provider: str | None
    after: tuple[float, datetime, int] | None
    limit: int


class NewsReads(Protocol):
    """Where news is read."""

    async def page(self, query: NewsQuery) -> list[NewsItem]:
        """Return up to `limit` articles."""

    async def one(self, number: int, as_of: datetime | None) -> NewsDetail | None:
        """Return an article as it was known at a time, or now; None when it was not."""
