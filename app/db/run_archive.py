"""Forget the pipelines' runs of long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from app.db.engine import Database

# A run that ended changes no more: nobody waits for these locks.
PRUNE = """
DELETE FROM pipeline_runs WHERE id IN (
  SELECT r.id
  FROM pipelines p
  CROSS JOIN LATERAL (
    SELECT id FROM pipeline_runs WHERE pipeline = p.name ORDER BY id DESC OFFSET %(last)s::bigint - 1 LIMIT 1
  ) first_kept
  JOIN pipeline_runs r ON r.pipeline = p.name AND r.id < first_kept.id
  WHERE r.state <> 'running' AND r.ended_at < now() - %(keep)s
  ORDER BY r.id LIMIT %(most)s
)
"""


class PostgresRunArchive:
    """The ended runs in PostgreSQL; their steps go with them."""

    def __init__(self, database: Database) -> None:
        """Delete through this database."""
        self._database = database

    async def prune(self, keep: timedelta, *, last: int, most: int) -> int:
        """Delete old runs, a bounded number; return how many."""
        async with self._database.connection("prune_runs") as connection:
            cursor = await connection.execute(PRUNE, {"keep": keep, "last": last, "most": most})
            return cursor.rowcount
