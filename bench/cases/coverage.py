"""P6: what is stored, planned and told of 17 million bars, none of which is looked at."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psycopg

from app.bootstrap import House
from app.domain.datasets import Dataset
from app.ports.quality import FlagQuery
from app.services.read_data_quality import read_data_quality, read_quality_calendar
from app.settings import load
from bench import market
from bench.findings import Finding, at_most, finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.lab import Lab

INSTRUMENTS: Final = 6_800
SESSIONS: Final = 2_500
MOST_MS: Final = 100
ASKED: Final = 20
# Every hundredth session was never answered; autovacuum has been by.
FILL: Final = (
    """
    INSERT INTO instruments (symbol, name, mic, type, currency, provider, known_at, changed_at)
    SELECT 'S' || i, 'Synthetic ' || i, 'XNYS', 'CS', 'USD', 'synthetic', now(), now()
    FROM generate_series(1, %(instruments)s) i
    """,
    """
    INSERT INTO bars_daily (instrument_id, session, open, high, low, close, volume, provider, fetch_id, known_at)
    SELECT i.id, s.session, 10 + i.id %% 90, 11 + i.id %% 90, 9 + i.id %% 90, 10 + i.id %% 90, 1e6, 'synthetic', 1,
      s.close_at
    FROM sessions s CROSS JOIN (SELECT id FROM instruments ORDER BY id) i ORDER BY s.session, i.id
    """,
    """
    INSERT INTO bar_sessions (session, stored, version, judged) SELECT session, %(instruments)s, 1, 1 FROM sessions
    """,
    """
    INSERT INTO fetches (provider, dataset, subject, payload_sha256, payload_bytes, row_count, inserted, settles,
      known_at)
    SELECT 'synthetic', 'bars_daily', session::text, '', 1, %(instruments)s, %(instruments)s, true, close_at
    FROM sessions ORDER BY session
    """,
    """
    INSERT INTO fetches (provider, dataset, subject, payload_sha256, payload_bytes, row_count, known_at)
    SELECT 'synthetic', d, 'S' || i, '', 1, 1, now()
    FROM generate_series(1, %(instruments)s) i, unnest(ARRAY['fundamentals', 'news', 'profiles', 'quotes']) d,
      generate_series(1, 10)
    """,
    """
    INSERT INTO asks (dataset, instrument_id, provider, asked_at, next_ask)
    SELECT d, i.id, 'synthetic', now(), now()
    FROM instruments i, unnest(ARRAY['fundamentals', 'news', 'profiles', 'quotes']) d
    """,
    """
    INSERT INTO settled (dataset, instrument_id, span)
    SELECT 'bars_daily', 0, range_agg(daterange(session, session + 1)) FROM (
      SELECT session, row_number() OVER (ORDER BY session) AS n FROM sessions) s WHERE n %% 100 <> 0
    """,
    """
    INSERT INTO bar_flags (instrument_id, session, rule, evidence, known_at)
    SELECT i.id, s.session, (ARRAY['jump', 'missing_session', 'volume_outlier'])[1 + i.id %% 3], '{"text": "odd"}',
      now()
    FROM (SELECT session, row_number() OVER (ORDER BY session) AS n FROM sessions) s
    JOIN instruments i ON (i.id + s.n) %% 340 = 0
    """,
    """
    INSERT INTO quarantine (dataset, symbol, session, rule, evidence, row, provider, fetch_id, known_at)
    SELECT 'bars_daily', 'S' || n, session, 'ohlc_order', '{"ohlc_order": "no"}', '{}', 'synthetic', 1, now()
    FROM (SELECT session, row_number() OVER (ORDER BY session) AS n FROM sessions) s
    """,
)


def run(lab: Lab) -> list[Finding]:
    """Fill a database once, then time each question, a fresh connection's first answer left out."""
    url = lab.database("coverage")
    bars = fill(url, lab.say)
    return asyncio.run(measure(url, bars, lab.rounds * ASKED))


def fill(url: str, say: Callable[[str], None]) -> int:
    """Store the synthetic market; return how many bars there are."""
    sessions = market.trading_days(SESSIONS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.cursor().executemany(
            "INSERT INTO sessions (mic, session, open_at, close_at) VALUES (%s, %s, %s, %s)",
            [(each.mic, each.session, each.open_at, each.close_at) for each in sessions],
        )
        for statement in FILL:
            connection.execute(statement.encode(), {"instruments": INSTRUMENTS})
            say(" ".join(statement.split()[:3]))
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT sum(stored) FROM bar_sessions").fetchone()
    return int(row[0]) if row else 0


async def measure(url: str, bars: int, times: int) -> list[Finding]:
    """Time the questions of planning, coverage and data quality."""
    settings = load({"DATABASE_URL": url, "POLYGON_API_KEY": "none", "GROAT_ENV_FILE": ""})
    async with House(settings, name="bench") as house:
        today = datetime.now(UTC).date()
        year = today - timedelta(days=365)
        await house.ledger.declare(house.providers.get("polygon").allowance)  # type: ignore[attr-defined]  # the real ledger has it
        questions: dict[str, Callable[[], Awaitable[Any]]] = {
            "coverage: what is settled": lambda: house.coverage.settled(Dataset.BARS_DAILY),
            "the plan of two years": house.plan_fetches,
            "data quality of every dataset": lambda: read_data_quality(house.desk, house.quality_reads),
            "the calendar of a year": lambda: read_quality_calendar(house.desk, house.quality_reads, year, today),
            "100 flags of the market": lambda: house.quality_reads.flags(FlagQuery(limit=100)),
            "what the judge has to do": house.bar_quality.unjudged,
        }
        found = [finding("bars stored", [bars], "rows")]
        for name, ask in questions.items():
            await ask()
            found.append(finding(name, [await milliseconds(ask) for _ in range(times)], "ms", at_most(MOST_MS)))
    return found


async def milliseconds(ask: Callable[[], Awaitable[Any]]) -> float:
    """Time one answer."""
    begun = time.perf_counter()
    await ask()
    return (time.perf_counter() - begun) * 1000
