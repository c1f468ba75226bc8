"""Whom news is asked about: companies' names, and when a provider last answered about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.db.listing import CURRENT_ID
from app.domain.datasets import Dataset

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from app.db.engine import Database

COMPANIES = """
SELECT i.symbol, coalesce(i.name, '') FROM unnest(%s::text[]) AS wanted(symbol) JOIN instruments i ON i.id = {meant}
""".replace("{meant}", CURRENT_ID.replace("{symbol}", "wanted.symbol"))
# Null as soon as one was never answered about.
ANSWERED = """
SELECT CASE WHEN count(*) FILTER (WHERE a.misses = 0) = count(*) THEN min(a.asked_at) END
FROM unnest(%(symbols)s::text[]) AS wanted(symbol)
LEFT JOIN asks a ON a.dataset = %(dataset)s AND a.instrument_id = {meant} AND a.provider = %(provider)s
""".replace("{meant}", CURRENT_ID.replace("{symbol}", "wanted.symbol"))


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
