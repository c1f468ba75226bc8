"""Which symbols are instruments, and which instrument a symbol means now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString, cast

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.db.engine import Database

# Of several instruments that had a symbol, the one that is traded; else the last one.
CURRENT_ID: Final[LiteralString] = (
    "(SELECT i.id FROM instruments i WHERE i.symbol = {symbol}"
    " ORDER BY i.active DESC, i.delisted_on DESC NULLS LAST, i.id DESC LIMIT 1)"
)


class InstrumentListing:
    """The list of instruments in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def known(self, symbols: Collection[str]) -> frozenset[str]:
        """Return those of the symbols that are instruments."""
        async with self._database.connection("listing") as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT symbol FROM instruments WHERE symbol = ANY(%s)", [sorted(symbols)]
            )
            rows = cast("list[tuple[str]]", await cursor.fetchall())
        return frozenset(symbol for (symbol,) in rows)
