"""Reads that wait for a lane together go together: one statement for the symbols of several askers.

An idle lane is taken at once. Only when all are busy does a read wait, and those that ask the same of other symbols
join it until a lane is free: the busier the process, the more each statement answers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.db.lanes import Lanes, array_literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from app.db.lanes import Row

# What one statement reads for several askers, so that none waits long for the others: symbols times days.
MOST_SYMBOLS = 500
MOST_SYMBOL_DAYS = 30_000
SYMBOL = 1


class Group:
    """The askers of one statement; it is open while it waits for its lane."""

    def __init__(self, room: int) -> None:
        """Make room for so many symbols."""
        self.room = room
        self.symbols: dict[str, None] = {}
        self.task: asyncio.Task[dict[bytes, Row]] | None = None

    def takes(self, symbols: Sequence[str]) -> bool:
        """Tell whether these symbols still fit in."""
        return len(self.symbols.keys() | set(symbols)) <= self.room


class JoinedReads:
    """Statements whose first parameter is an array of symbols, and whose rows hold their symbol second."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes
        self.open: dict[tuple[str, tuple[str, ...]], Group] = {}

    async def rows(
        self, kind: str, sql: LiteralString, symbols: Sequence[str], rest: tuple[str, ...] = (), *, days: int = 1
    ) -> list[Row]:
        """Return a row for each symbol, in the order given; all are of one snapshot.

        `rest` are the further parameters, as text, and `days` how many days each symbol's row is made of. Raises
        what Lanes.rows raises.
        """
        room = min(MOST_SYMBOLS, MOST_SYMBOL_DAYS // max(1, days))
        if self.lanes.has_room or len(symbols) > room:
            return await self.lanes.rows(kind, sql, (array_literal(symbols), *rest))
        key = (sql, rest)
        group = self.open.get(key)
        if group is None or not group.takes(symbols):
            group = self.open[key] = Group(room)
            group.task = asyncio.create_task(self._read(kind, sql, rest, group))
            group.task.add_done_callback(heard)
        group.symbols.update(dict.fromkeys(symbols))
        # Whoever goes away leaves the others their answer.
        found = await asyncio.shield(group.task)  # type: ignore[arg-type]  # set when the group was made
        return [found[symbol.encode()] for symbol in symbols]

    async def _read(self, kind: str, sql: LiteralString, rest: tuple[str, ...], group: Group) -> dict[bytes, Row]:
        def parameters() -> tuple[str, ...]:
            if self.open.get((sql, rest)) is group:
                del self.open[sql, rest]
            return (array_literal(list(group.symbols)), *rest)

        try:
            rows = await self.lanes.rows(kind, sql, parameters)
        finally:
            parameters()
        return {row[SYMBOL] or b"": row for row in rows}


def heard(task: asyncio.Task[dict[bytes, Row]]) -> None:
    """Take note of a failure, also when everybody who waited for it has gone."""
    if not task.cancelled():
        task.exception()
