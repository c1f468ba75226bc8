"""A year of an instrument is read from its key, where its bars lie side by side, and never from the table's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.db.bars_sql import TEXT_ROWS

if TYPE_CHECKING:
    from tests.db.market import Market

pytestmark = pytest.mark.stack
# As sessions come: all instruments of a day, then the next day, over two chunks.
FILL = """
INSERT INTO bars_daily SELECT id, day::date, 1, 2, 1, 2, 100, NULL, NULL, 'test', 1, now()
FROM generate_series('2018-01-01'::date, '2020-12-31', '1 day') AS day, instruments"""
ASK = "EXECUTE year ('{S7,nosuch}', '2020-01-01', '2021-01-01', '{split}', '2026-01-01')"


def test_a_year_of_bars_touches_no_page_of_the_table(market: Market) -> None:
    run = market.connection.execute
    for number in range(20):
        market.instrument(f"S{number}")
    run(FILL)
    run("VACUUM ANALYZE")
    run("SET plan_cache_mode = force_generic_plan")
    run("SET timescaledb.enable_chunk_append = off")
    run("PREPARE year (text[], date, date, text[], date) AS " + TEXT_ROWS)
    assert [(row[3] or "").count('"session"') for row in run(ASK).fetchall()] == [366, 0]
    plan = "\n".join(row[0] for row in run("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + ASK).fetchall())
    assert "Index Only Scan" in plan
    assert "Seq Scan on bars_daily" not in plan.replace("Seq Scan on bars_daily bars_daily_1", "")
    assert {line.split(":")[1].strip() for line in plan.splitlines() if "Heap Fetches" in line} == {"0"}, plan


def test_each_chunk_is_vacuumed_after_a_few_sessions(market: Market) -> None:
    market.instrument("S1")
    market.connection.execute(FILL)
    chosen = market.connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND (relname = 'bars_daily' OR relname LIKE '%hyper%chunk')"
        " AND NOT coalesce(reloptions, '{}') @> '{autovacuum_vacuum_insert_scale_factor=0}'"
    ).fetchall()
    assert chosen == []
