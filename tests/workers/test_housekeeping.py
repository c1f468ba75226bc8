"""Old runs and calls go; what counts, what is under way, and the latest of each pipeline stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from app.db.run_archive import PostgresRunArchive
from app.services.keep_house import in_batches

if TYPE_CHECKING:
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

# A hundred runs of each pipeline, one a day; each has a step, and the very oldest is still under way.
RUNS = """
INSERT INTO pipelines (name, spec, next_due) VALUES ('a', '{}', now()), ('b', '{}', now());
INSERT INTO pipeline_runs (pipeline, win, state, created_at, ended_at)
SELECT name, day::text, CASE WHEN day = 0 THEN 'running' ELSE 'done' END, now(),
  CASE WHEN day > 0 THEN now() - (100 - day) * interval '1 day' + interval '1 hour' END
FROM pipelines, generate_series(0, 99) AS days (day) ORDER BY days.day, name;
INSERT INTO pipeline_steps (run_id, step, state) SELECT id, 'x', 'done' FROM pipeline_runs
"""
LEFT = "SELECT pipeline, array_agg(win::int ORDER BY id) FROM pipeline_runs GROUP BY 1 ORDER BY 1"


async def prune(bench: Bench, days: int, last: int) -> int:
    archive = PostgresRunArchive(bench.house.database)
    return await in_batches(lambda: archive.prune(timedelta(days=days), last=last, most=7))


@pytest.fixture
def runs(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(RUNS)


def left(database_url: str) -> dict[str, list[int]]:
    with psycopg.connect(database_url) as connection:
        rows: list[tuple[str, Any]] = connection.execute(LEFT).fetchall()
        (orphans,) = connection.execute("SELECT count(*) FROM pipeline_steps").fetchone() or (None,)
    assert orphans == sum(len(runs) for _, runs in rows)
    return dict(rows)


@pytest.mark.usefixtures("runs")
async def test_runs_of_long_ago_go_with_their_steps(bench: Bench, database_url: str) -> None:
    assert await prune(bench, days=14, last=5) == 2 * 85
    assert left(database_url) == {name: [0, *range(86, 100)] for name in "ab"}


@pytest.mark.usefixtures("runs")
async def test_the_latest_of_each_pipeline_stay_however_old(bench: Bench, database_url: str) -> None:
    assert await prune(bench, days=14, last=50) == 2 * 49
    assert left(database_url) == {name: [0, *range(50, 100)] for name in "ab"}


async def test_the_pipeline_keeps_house(bench: Bench) -> None:
    report = await bench.house.keep_house()
    assert (report.done, report.details) == (0, {"calls": 0, "runs": 0})
