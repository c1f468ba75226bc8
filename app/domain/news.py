"""News: articles as providers report them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time

import msgspec


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
