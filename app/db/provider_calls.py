"""Read the log of provider calls for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from psycopg.rows import dict_row

from app.ports.provider_calls import CallView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Database

# In order of id, which is the order of reservation.
CALLS = """
SELECT id, at_wall AS at, purpose, settled, outcome, status, reply_bytes, duration_ms, error
FROM provider_calls
WHERE allowance = %(allowance)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
"""


class PostgresCallLog:
    """The log of provider calls in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def calls(self, allowance: str, *, before_id: int | None, limit: int) -> Sequence[CallView]:
        """Return calls of an allowance, the latest first; `before_id` continues a page."""
        values = {"allowance": allowance, "before": before_id, "limit": limit}
        async with self._database.connection("list_calls") as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(CALLS, values)
            return msgspec.convert(await cursor.fetchall(), list[CallView])
