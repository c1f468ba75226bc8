"""The numbers behind the gauges, on a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from app.bootstrap import House
from app.db.gauges import PostgresGauges
from app.domain.pipelines import PipelineSpec, StepSpec
from app.settings import load
from app.telemetry.metrics import READINGS
from tests.db.market import Bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
SPEC = PipelineSpec(
    name="demo",
    summary="",
    cron="0 17 * * 1-5",
    steps=(StepSpec(name="plan", summary=""), StepSpec(name="merge", summary="", needs=("plan",))),
)
SEED = """
INSERT INTO instruments (symbol, active, provider, known_at, changed_at)
VALUES ('A', true, 'test', now(), now()), ('B', true, 'test', now(), now()), ('C', false, 'test', now(), now());
INSERT INTO settled (dataset, instrument_id, span) VALUES
  ('bars_daily', 0, '{[2010-01-04,2010-01-06),[2010-04-26,2010-05-07)}'), ('splits', 0, '{}');
INSERT INTO fetches (provider, dataset, subject, payload_sha256, payload_bytes, row_count, known_at, created_at)
VALUES ('polygon', 'bars_daily', 'x', '', 0, 0, now(), '2026-01-01T00:00:00Z');
INSERT INTO quarantine (dataset, symbol, rule, evidence, row, provider, fetch_id, known_at)
VALUES ('bars_daily', 'A', 'r', '{}', '{}', 'polygon', 1, now());
UPDATE pipeline_keeper SET kept_at = now() - interval '3 seconds';
"""


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with House(load({"DATABASE_URL": database_url}), name="test") as house:
        yield house


async def test_an_empty_database_has_gauges_too(house: House) -> None:
    found = await PostgresGauges(house.database).read()
    assert found["groat_queue_depth"] == {("fast",): 0.0, ("long",): 0.0}
    assert found["groat_bars_estimate"] == {("bars_daily",): 0.0}
    assert "groat_keeper_age_seconds" not in found


async def test_each_gauge_says_what_is_stored(house: House, database_url: str) -> None:
    await house.spine.schedule.declare([SPEC], datetime(2010, 4, 26, tzinfo=UTC))
    await house.pipelines.start("demo", "w", {})
    with psycopg.connect(database_url) as connection:
        connection.execute(SEED)
    found = await PostgresGauges(house.database).read()
    newest = datetime(2010, 5, 6, tzinfo=UTC).timestamp()
    assert found["groat_instruments"] == {("true",): 2.0, ("false",): 1.0}
    assert found["groat_data_newest_session_seconds"] == {("bars_daily",): newest}
    assert found["groat_data_last_success_timestamp_seconds"] == {
        ("bars_daily",): datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    }
    assert found["groat_pipeline_runs"] == {("demo", "running"): 1.0}
    assert found["groat_pipeline_open_steps"] == {("demo", "ready"): 1.0, ("demo", "waiting"): 1.0}
    assert found["groat_queue_depth"] == {("fast",): 1.0, ("long",): 0.0}
    assert found["groat_quarantine_held"] == {("bars_daily",): 1.0}
    assert 3 <= found["groat_keeper_age_seconds"][()] < 60


async def test_bars_are_counted_before_anybody_analyses_them(house: House, market: Market) -> None:
    instrument = market.instrument("A")
    market.bars(instrument, [Bar(date(2010, 5, day), 10.0, 12.0, 9.0, 11.0, 100.0) for day in (3, 4, 5)])
    market.bars(instrument, [Bar(date(2009, 5, 4), 10.0, 12.0, 9.0, 11.0, 100.0)])
    market.close()
    for _ in range(50):
        found = await PostgresGauges(house.database).read()
        if found["groat_bars_estimate"] == {("bars_daily",): 4.0}:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{found['groat_bars_estimate']} bars")


async def test_every_reading_that_is_taken_is_declared_with_its_labels(house: House, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(SEED)
    declared = {reading.name: len(reading.labels) for reading in READINGS}
    taken = await house.readings.take(version="1", environment="test")
    assert taken.keys() <= declared.keys()
    assert all(len(labels) == declared[name] for name, values in taken.items() for labels in values)
    assert taken["groat_data_age_seconds"][("bars_daily",)] > 0
