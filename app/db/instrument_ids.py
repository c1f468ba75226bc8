"""Symbols to instrument numbers, kept by each process for as long as nobody changes an instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.ports.stores import Fetched

VERSION = "coalesce((SELECT version FROM watermarks WHERE dataset = 'instruments'), 0)"
# Sorted by their callers: two transactions that make the same instruments wait for each other in one order.
CREATE = """
INSERT INTO instruments (symbol, provider, known_at, changed_at)
SELECT symbol, %(provider)s, %(now)s, %(now)s FROM unnest(%(symbols)s::text[]) AS symbol
ON CONFLICT (symbol) DO NOTHING
"""


class InstrumentIds:
    """The map, as committed at the watermark's version that it was read at."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._version = -1
        self._ids: dict[str, int] = {}

    async def of(
        self, unit: Connection, symbols: Sequence[str], fetched: Fetched, version: int | None = None
    ) -> tuple[list[int], int]:
        """Return each symbol's number in the order given, and how many instruments had to be made for that.

        `version` is the watermark's, when the caller has read it in this transaction. What is made in this
        transaction is not kept here: it may yet be rolled back.
        """
        ids = await self._committed(unit, version)
        unknown = sorted(set(symbols) - ids.keys())
        if not unknown:
            return list(map(ids.__getitem__, symbols)), 0
        cursor = await unit.execute(CREATE, {"symbols": unknown, "provider": fetched.provider, "now": fetched.known_at})
        made = cursor.rowcount
        rows = await (
            await unit.execute("SELECT symbol, id FROM instruments WHERE symbol = ANY(%s)", [unknown])
        ).fetchall()
        new = dict(cast("list[tuple[str, int]]", rows))
        return [ids[symbol] if symbol in ids else new[symbol] for symbol in symbols], made

    async def _committed(self, unit: Connection, version: int | None) -> dict[str, int]:
        if version is None:
            row = await (await unit.execute(f"SELECT {VERSION}")).fetchone()
            version = cast("tuple[int]", row)[0]
        if version != self._version:
            # The version was read first: a row that is newer than it is only seen early, never missed.
            rows = await (await unit.execute("SELECT symbol, id FROM instruments")).fetchall()
            self._ids, self._version = dict(cast("list[tuple[str, int]]", rows)), version
        return self._ids
