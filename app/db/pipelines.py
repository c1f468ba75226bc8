"""Pipelines for the operator: list, look into runs, start, retry, pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from psycopg.rows import dict_row

from app.db.pipeline_rows import insert_run, read_spec
from app.domain.errors import UnknownSubjectError
from app.domain.pipelines import PipelineSpec
from app.ports.pipelines import KeeperView, PipelineView, RunView, StepView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.db.engine import Database
    from app.domain.pipelines import StepState

RUN = """
SELECT r.id, r.pipeline, r.win AS window, r.args, r.state, r.created_at, r.ended_at,
  (SELECT coalesce(jsonb_object_agg(c.state, c.n), '{}')
   FROM (SELECT s.state, count(*) AS n FROM pipeline_steps s WHERE s.run_id = r.id GROUP BY s.state) c) AS steps
FROM pipeline_runs r
"""
RUNS = f"""{RUN}
WHERE (%(pipeline)s::text IS NULL OR r.pipeline = %(pipeline)s) AND (%(before)s::bigint IS NULL OR r.id < %(before)s)
  AND (%(within_s)s::float8 IS NULL OR coalesce(r.ended_at, now()) >= now() - make_interval(secs => %(within_s)s))
ORDER BY r.id DESC LIMIT %(limit)s
"""
LAST_RUNS = f"""{RUN}
JOIN (SELECT p.name, (SELECT max(l.id) FROM pipeline_runs l WHERE l.pipeline = p.name) AS last FROM pipelines p) p
  ON r.id = p.last
"""  # noqa: S608  only our own constant
# A step names what it asked only in its arguments: its call is the last one about that while it ran. A reply is
# counted when it came, so that `last_wall` finds it by its index.
STEPS = """
SELECT run_id, step, part, state, needs, queue, attempt, crashes, free_at, args, report, error, owner,
  started_at, ended_at,
  (SELECT jsonb_build_object('provider', a.provider, 'at', c.at_wall, 'duration_ms', c.duration_ms,
     'outcome', c.outcome)
   FROM allowances a JOIN provider_calls c ON c.allowance = a.id
   WHERE a.provider = s.args ->> 'provider' AND s.started_at IS NOT NULL
     AND c.last_wall >= s.started_at AND c.at_wall BETWEEN s.started_at AND coalesce(s.ended_at, now())
     AND starts_with(c.purpose,
       concat_ws(' ', s.args ->> 'dataset', nullif(split_part(s.args ->> 'subject', '..', 1), '')))
   ORDER BY c.last_wall DESC LIMIT 1) AS call
FROM pipeline_steps s
WHERE run_id = %(run)s AND (%(step)s::text IS NULL OR (step, part) > (%(step)s, %(part)s))
  AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY step, part LIMIT %(limit)s
"""
RETRY = """
WITH again AS (
  UPDATE pipeline_steps SET state = 'ready', attempt = 0, crashes = 0, free_at = now(), hint_at = now(), ended_at = NULL
  WHERE run_id = %(run)s AND state = 'dead' RETURNING run_id
), reopened AS (
  UPDATE pipeline_runs SET state = 'running', ended_at = NULL WHERE id IN (SELECT run_id FROM again)
)
SELECT count(*) FROM again
"""
KEEPER = "SELECT owner, extract(epoch FROM now() - kept_at)::float8 AS age_s FROM pipeline_keeper"


class PipelineStore:
    """The pipelines of this installation, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read and write through this database."""
        self.database = database

    async def list(self) -> Sequence[PipelineView]:
        """Return every declared pipeline, by name."""
        pipelines = await self._rows("SELECT spec, next_due, paused FROM pipelines ORDER BY name")
        last = {run["pipeline"]: run for run in await self._rows(LAST_RUNS)}
        return [
            msgspec.convert({**row, "spec": spec, "last_run": last.get(spec.name)}, PipelineView)
            for row in pipelines
            if (spec := read_spec(row["spec"])) is not None
        ]

    async def runs(
        self, pipeline: str | None, *, before_id: int | None, limit: int, within_s: float | None = None
    ) -> Sequence[RunView]:
        """Return runs, the latest first, of one pipeline or of all; `before_id` continues a page.

        With `within_s` only those that were under way in the last so many machine seconds.
        """
        if pipeline is not None:
            await self._spec(pipeline)
        rows = await self._rows(RUNS, {"pipeline": pipeline, "before": before_id, "limit": limit, "within_s": within_s})
        return msgspec.convert(rows, list[RunView])

    async def run(self, run_id: int) -> RunView:
        """Return one run."""
        rows = await self._rows(RUN + "WHERE r.id = %(run)s", {"run": run_id})
        if not rows:
            raise UnknownSubjectError(f"There is no run {run_id}.")  # noqa: EM102, TRY003  said once
        return msgspec.convert(rows[0], RunView)

    async def steps(
        self, run_id: int, *, after: tuple[str, str] | None, limit: int, state: StepState | None = None
    ) -> Sequence[StepView]:
        """Return a run's steps, all or those of a state, in order of (step, part); `after` continues a page."""
        step, part = after or (None, None)
        rows = await self._rows(STEPS, {"run": run_id, "step": step, "part": part, "limit": limit, "state": state})
        if not rows and after is None:
            await self.run(run_id)
        return msgspec.convert(rows, list[StepView])

    async def start(self, pipeline: str, window: str, args: Mapping[str, object]) -> tuple[int, bool]:
        """Start a run and return its number, and whether it is new.

        There is one run for each (pipeline, window): asking again changes nothing and returns the first.
        """
        spec = await self._spec(pipeline)
        async with self.database.transaction() as unit:
            number = await insert_run(unit, spec, window, args)
        if number is not None:
            return number, True
        found = await self._rows(
            "SELECT id FROM pipeline_runs WHERE pipeline = %(pipeline)s AND win = %(window)s",
            {"pipeline": pipeline, "window": window},
        )
        return msgspec.convert(found[0]["id"], int), False

    async def retry(self, run_id: int) -> int:
        """Make a run's dead steps ready again, with fresh attempts; return how many."""
        await self.run(run_id)
        rows = await self._rows(RETRY, {"run": run_id})
        return msgspec.convert(rows[0]["count"], int)

    async def pause(self, pipeline: str) -> None:
        """Stop the cron of a pipeline; runs that exist go on."""
        await self._set_paused(pipeline, paused=True)

    async def resume(self, pipeline: str) -> None:
        """Let the cron of a pipeline go on; what it missed is caught up as declared."""
        await self._set_paused(pipeline, paused=False)

    async def keeper(self) -> KeeperView:
        """Return who keeps the schedule: a health check."""
        return msgspec.convert((await self._rows(KEEPER))[0], KeeperView)

    async def _set_paused(self, pipeline: str, *, paused: bool) -> None:
        await self._spec(pipeline)
        async with self.database.connection() as unit:
            await unit.execute("UPDATE pipelines SET paused = %s WHERE name = %s", (paused, pipeline))

    async def _spec(self, pipeline: str) -> PipelineSpec:
        rows = await self._rows("SELECT name, spec FROM pipelines")
        for row in rows:
            if row["name"] == pipeline:
                return msgspec.convert(row["spec"], PipelineSpec)
        names = ", ".join(sorted(str(row["name"]) for row in rows)) or "none yet: start a worker once"
        message = f"There is no pipeline {pipeline!r}. Declared are: {names}."
        raise UnknownSubjectError(message)

    async def _rows(self, sql: str, values: Mapping[str, object] | None = None) -> Sequence[dict[str, object]]:
        async with self.database.connection() as unit, unit.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchall()
