"""Read the numbers behind the gauges: one query, cheap at any size of the market's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.telemetry.metrics import Readings

# Bars are estimated from statistics, the newest session from what is settled: no scan of a big table.
GAUGES = """
SELECT 'groat_instruments', ARRAY[active::text], count(*)::float8 FROM instruments GROUP BY active
UNION ALL
SELECT 'groat_bars_estimate', ARRAY['bars_daily'],
  coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)), 0)::float8
FROM pg_class c WHERE c.oid = 'bars_daily'::regclass
  OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'bars_daily'::regclass)
UNION ALL
SELECT 'groat_data_newest_session_seconds', ARRAY[dataset],
  extract(epoch FROM max(upper(span) - 1)::timestamptz)::float8
FROM settled WHERE NOT isempty(span) AND upper(span) < 'infinity' GROUP BY dataset
UNION ALL
SELECT 'groat_data_last_success_timestamp_seconds', ARRAY[dataset], extract(epoch FROM max(created_at))::float8
FROM fetches GROUP BY dataset
UNION ALL
SELECT 'groat_pipeline_runs', ARRAY[pipeline, state], count(*)::float8 FROM pipeline_runs GROUP BY pipeline, state
UNION ALL
SELECT 'groat_pipeline_open_steps', ARRAY[r.pipeline, s.state], count(*)::float8
FROM pipeline_runs r JOIN pipeline_steps s ON s.run_id = r.id WHERE r.state = 'running' GROUP BY r.pipeline, s.state
UNION ALL
SELECT 'groat_pipeline_last_success_timestamp_seconds', ARRAY[pipeline], extract(epoch FROM max(ended_at))::float8
FROM pipeline_runs WHERE state = 'done' GROUP BY pipeline
UNION ALL
SELECT 'groat_queue_depth', ARRAY[q.queue], count(s.run_id)::float8
FROM unnest(ARRAY['fast', 'long']) AS q (queue)
LEFT JOIN pipeline_steps s ON s.queue = q.queue AND s.state = 'ready' AND s.free_at <= now() GROUP BY q.queue
UNION ALL
SELECT 'groat_queue_oldest_seconds', ARRAY[q.queue], coalesce(extract(epoch FROM max(now() - s.free_at)), 0)::float8
FROM unnest(ARRAY['fast', 'long']) AS q (queue)
LEFT JOIN pipeline_steps s ON s.queue = q.queue AND s.state = 'ready' AND s.free_at <= now() GROUP BY q.queue
UNION ALL
SELECT 'groat_keeper_age_seconds', ARRAY[]::text[], extract(epoch FROM now() - kept_at)::float8
FROM pipeline_keeper WHERE kept_at IS NOT NULL
UNION ALL
SELECT 'groat_quarantine_held', ARRAY[dataset], count(*)::float8 FROM quarantine WHERE state = 'held' GROUP BY dataset
"""


class PostgresGauges:
    """The gauges that PostgreSQL knows."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def read(self) -> Readings:
        """Return values by metric and labels."""
        readings: Readings = {}
        async with self._database.connection("read_gauges") as connection:
            cursor = await connection.execute(GAUGES)
            for name, labels, value in cast("list[tuple[str, list[str], float]]", await cursor.fetchall()):
                readings.setdefault(name, {})[tuple(labels)] = value
        return readings
