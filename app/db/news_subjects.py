"""Whom news is asked about: companies' names, and when they were last asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.domain.datasets import Dataset

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from app.db.engine import Database

# A symbol may have been several companies' over time: the listed one is meant.
COMPANIES = """
SELECT DISTINCT ON (symbol) symbol, coalesce(name, '') FROM instruments WHERE symbol = ANY(%s)
ORDER BY symbol, active DESC, id DESC
"""
# Null as soon as one was never answered about.
ANSWERED = """
SELECT CASE WHEN count(*) FILTER (WHERE a.misses = 0) = count(*) THEN min(a.asked_at) END
FROM unnest(%(symbols)s::text[]) AS wanted(symbol)
LEFT JOIN LATERAL (
  SELECT id FROM instruments WHERE symbol = wanted.symbol ORDER BY active DESC, id DESC LIMIT 1) i ON true
LEFT JOIN asks a ON a.dataset = %(dataset)s AND a.instrument_id = i.id AND a.provider = %(provider)s
"""
DUE = """
SELECT i.symbol
FROM instruments i
LEFT JOIN asks a ON a.dataset = %(dataset)s AND a.instrument_id = i.id AND a.provider = %(provider)s
WHERE i.active AND i.name IS NOT NULL AND (a.asked_at IS NULL OR (a.asked_at < %(before)s AND a.next_ask <= %(now)s))
ORDER BY a.asked_at NULLS FIRST, i.id LIMIT %(limit)s
"""


class NewsSubjectStore:
    """Subjects of news in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def companies(self, symbols: Collection[str]) -> dict[str, str]:
        """Return those of the symbols that are instruments, each with its name; empty where that is not known."""
        if not symbols:
            return {}
        async with self._database.connection("news_subjects") as connection:
            rows = await (await connection.execute(COMPANIES, [list(symbols)])).fetchall()
        return dict(cast("list[tuple[str, str]]", rows))

    async def answered(self, provider: str, symbols: Collection[str]) -> datetime | None:
        """Return when the provider last answered about all of these (market time); None when about one it never did."""
        values = {"dataset": Dataset.NEWS, "provider": provider, "symbols": list(symbols)}
        async with self._database.connection("news_subjects") as connection:
            row = await (await connection.execute(ANSWERED, values)).fetchone()
        return cast("tuple[datetime | None]", row)[0]

    async def due(self, provider: str, before: datetime, now: datetime, limit: int) -> list[str]:
        """Return up to `limit` symbols of companies that this provider was not asked about lately."""
        values = {"dataset": Dataset.NEWS, "provider": provider, "before": before, "now": now, "limit": limit}
        async with self._database.connection("news_subjects") as connection:
            rows = await (await connection.execute(DUE, values)).fetchall()
        return [symbol for (symbol,) in cast("list[tuple[str]]", rows)]
