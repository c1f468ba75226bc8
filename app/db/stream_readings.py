"""Read the states that the live stream tells of: runs and their progress, newest sessions, held rows and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from app.ports.stream import StreamPipeline, StreamProgress, StreamQuality

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.db.engine import Database

MOST_RUNS: Final = 200
# Without a newest known run, only the newest of all is told of beside the open ones: the rest is history.
RUNS = """
SELECT r.id, r.pipeline, r.state, count(*) FILTER (WHERE s.state = 'done')::int,
  count(*) FILTER (WHERE s.state = 'dead')::int, count(s.run_id)::int
FROM (
  SELECT id, pipeline, state FROM pipeline_runs
  WHERE state = 'running' OR id = ANY(%(known)s::bigint[])
    OR id > coalesce(%(after)s::bigint, (SELECT max(id) - 1 FROM pipeline_runs))
  ORDER BY id DESC LIMIT %(limit)s
) r LEFT JOIN pipeline_steps s ON s.run_id = r.id
GROUP BY r.id, r.pipeline, r.state ORDER BY r.id
"""
NEWEST = """
SELECT max(upper(span) - 1) FROM settled
WHERE dataset = %s AND instrument_id = 0 AND NOT isempty(span) AND upper(span) < 'infinity'
"""
QUALITY = """
SELECT coalesce((SELECT jsonb_object_agg(dataset, n) FROM (
    SELECT dataset, count(*) AS n FROM quarantine WHERE state = 'held' GROUP BY dataset) q), '{}'),
  (SELECT count(*)::int FROM bar_flags WHERE state = 'open')
"""


class PostgresStreamReadings:
    """The states that PostgreSQL knows, as `app.ports.stream.StreamReadings` asks for them."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def runs(self, known: Sequence[int], after: int | None) -> Sequence[StreamPipeline]:
        """Return the runs that are open, those of these numbers, and those newer than `after`; oldest first."""
        async with self._database.connection("stream_runs") as connection:
            cursor = await connection.execute(RUNS, {"known": list(known), "after": after, "limit": MOST_RUNS})
            rows = cast("list[tuple[int, str, str, int, int, int]]", await cursor.fetchall())
        return [
            StreamPipeline(
                pipeline=pipeline,
                run_id=run_id,
                state=state,
                progress=StreamProgress(done=done, dead=dead, total=total),
            )
            for run_id, pipeline, state, done, dead, total in rows
        ]

    async def newest_session(self, dataset: str) -> date | None:
        """Return the newest trading day of a dataset that is stored in whole; None where days do not count."""
        async with self._database.connection("stream_session") as connection:
            row = await (await connection.execute(NEWEST, [dataset])).fetchone()
        (newest,) = cast("tuple[date | None]", row)
        return newest

    async def quality(self) -> StreamQuality:
        """Return how many rows are held, and how many flags are open."""
        async with self._database.connection("stream_quality") as connection:
            row = await (await connection.execute(QUALITY)).fetchone()
        held, flags = cast("tuple[dict[str, int], int]", row)
        return StreamQuality(held=held, flags=flags)
