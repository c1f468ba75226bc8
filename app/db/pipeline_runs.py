"""Move runs on: make ready what waited for steps that are done now, and end runs in which nothing can go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from psycopg.rows import dict_row

from app.ports.steps import Hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection, Database

# One statement, one snapshot: it runs after the commit of the last need, so the last finisher sees everybody.
# A run fails only when something is dead, nothing is ready or running, and nothing that waits could go on.
ADVANCE = """
WITH open AS (
  SELECT id FROM pipeline_runs WHERE state = 'running' AND (%(runs)s::bigint[] IS NULL OR id = ANY(%(runs)s))
), can_go AS (
  SELECT w.run_id, w.step, w.part FROM open JOIN pipeline_steps w ON w.run_id = open.id
  WHERE w.state = 'waiting' AND NOT EXISTS (
    SELECT FROM pipeline_steps n WHERE n.run_id = w.run_id AND n.step = ANY(w.needs) AND n.state <> 'done')
), locked AS (
  SELECT s.run_id, s.step, s.part FROM can_go JOIN pipeline_steps s USING (run_id, step, part)
  WHERE s.state = 'waiting' FOR UPDATE OF s SKIP LOCKED
), ready AS (
  UPDATE pipeline_steps s SET state = 'ready', free_at = greatest(s.free_at, now()),
    hint_at = greatest(s.free_at, now() + make_interval(secs => %(resend_s)s))
  FROM locked WHERE (s.run_id, s.step, s.part) = (locked.run_id, locked.step, locked.part)
  RETURNING s.run_id, s.step, s.part, s.queue, s.free_at
), over AS (
  SELECT open.id FROM open
  WHERE NOT EXISTS (SELECT FROM can_go WHERE can_go.run_id = open.id)
    AND NOT EXISTS (SELECT FROM pipeline_steps s WHERE s.run_id = open.id AND s.state IN ('ready', 'running'))
), ended AS (
  UPDATE pipeline_runs r SET ended_at = now(), state = CASE WHEN EXISTS (
    SELECT FROM pipeline_steps s WHERE s.run_id = r.id AND s.state <> 'done') THEN 'failed' ELSE 'done' END
  FROM over WHERE r.id = over.id AND r.state = 'running'
)
SELECT ready.run_id, ready.step, ready.part, ready.queue, r.pipeline
FROM ready JOIN pipeline_runs r ON r.id = ready.run_id WHERE ready.free_at <= now()
"""


class RunStore:
    """The runs that are under way, in PostgreSQL."""

    def __init__(self, database: Database, resend_s: float) -> None:
        """Read and write through this database; `resend_s` is when the keeper may hint what is hinted now."""
        self.database = database
        self.resend_s = resend_s

    async def advance(self, runs: Sequence[int]) -> list[Hint]:
        """Move these runs on, and return hints to the steps that became ready. Repeating it changes nothing."""
        async with self.database.connection() as unit:
            return await advance(unit, runs, self.resend_s)


async def advance(unit: Connection, runs: Sequence[int] | None, resend_s: float) -> list[Hint]:
    """Move runs on, all that are open for None, in one statement."""
    async with unit.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(ADVANCE, {"runs": None if runs is None else list(runs), "resend_s": resend_s})
        return msgspec.convert(await cursor.fetchall(), list[Hint])
