"""Store earnings reports: what was known before a correction stays, with the time until which it was known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.db.listing import CURRENT_ID
from app.domain.datasets import Watermark
from app.ports.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.domain.earnings import ReportedEarnings
    from app.domain.gaps import Span
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

KEY = "instrument_id, fiscal_year, fiscal_quarter"
FACTS = "report_date, report_time, eps_estimate, eps_actual, revenue_estimate, revenue_actual"
LOCK = "SELECT pg_advisory_xact_lock(hashtext('earnings'), hashtext(%(provider)s))"
# Estimates and results come at different times: what a report leaves out is unknown again, as the provider says it.
STAGE = f"""
CREATE TEMP TABLE reported_earnings ON COMMIT DROP AS
SELECT {CURRENT_ID.format(symbol="r.symbol")} AS instrument_id, r.fiscal_year, r.fiscal_quarter, r.report_date,
  r."when" AS report_time, r.eps_estimate, r.eps_actual, r.revenue_estimate, r.revenue_actual
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(
  symbol text, fiscal_year integer, fiscal_quarter integer, report_date date, "when" text, eps_estimate float8,
  eps_actual float8, revenue_estimate float8, revenue_actual float8)
"""  # noqa: S608  only our own constants
# Two statements, so that the index of current rows sees the old one gone before the new one comes.
SUPERSEDE = f"""
UPDATE earnings e SET superseded_at = greatest(%(now)s, e.known_at + interval '1 microsecond')
FROM reported_earnings r
WHERE e.provider = %(provider)s AND e.superseded_at IS NULL
  AND (e.{KEY.replace(", ", ", e.")}) = (r.{KEY.replace(", ", ", r.")})
  AND (e.{FACTS.replace(", ", ", e.")}) IS DISTINCT FROM (r.{FACTS.replace(", ", ", r.")})
"""  # noqa: S608  only our own constants
ADD = f"""
INSERT INTO earnings ({KEY}, {FACTS}, provider, fetch_id, known_at)
SELECT {KEY}, {FACTS}, %(provider)s, %(fetch)s, greatest(%(now)s, (
  SELECT max(superseded_at) FROM earnings e
  WHERE e.provider = %(provider)s AND (e.{KEY.replace(", ", ", e.")}) = (r.{KEY.replace(", ", ", r.")})))
FROM reported_earnings r
WHERE instrument_id IS NOT NULL AND NOT EXISTS (
  SELECT FROM earnings e WHERE e.provider = %(provider)s AND e.superseded_at IS NULL
    AND (e.{KEY.replace(", ", ", e.")}) = (r.{KEY.replace(", ", ", r.")}))
ORDER BY {KEY}
"""  # noqa: S608  only our own constants
# Not when it would be more than a few of those in range: then the reply is more likely to have been cut short.
WITHDRAW = f"""
WITH ranged AS (
  SELECT e.id, NOT EXISTS (
    SELECT FROM reported_earnings r WHERE (e.{KEY.replace(", ", ", e.")}) = (r.{KEY.replace(", ", ", r.")})) AS gone
  FROM earnings e
  WHERE e.provider = %(provider)s AND e.superseded_at IS NULL
    AND e.report_date >= %(start)s AND e.report_date < %(end)s
), counted AS (SELECT count(*) AS n, count(*) FILTER (WHERE gone) AS gone FROM ranged)
UPDATE earnings e SET superseded_at = greatest(%(now)s, e.known_at + interval '1 microsecond')
FROM ranged r, counted n
WHERE e.id = r.id AND r.gone AND n.gone <= greatest(1, n.n * %(most)s)
"""  # noqa: S608  only our own constants
MOST_WITHDRAWN = 0.2


class EarningsIngestStore:
    """Earnings reports into PostgreSQL."""

    async def store(
        self, unit: UnitOfWork, earnings: Sequence[ReportedEarnings], fetched: Fetched, swept: Span | None = None
    ) -> Stored:
        """Store sound reports; those of symbols that are no instruments are left out. End what a sweep misses."""
        connection = cast("Connection", unit)
        fetch_id = await open_fetch(connection)
        values = {
            "rows": storable([msgspec.structs.asdict(report) for report in earnings]),
            "provider": fetched.provider,
            "fetch": fetch_id,
            "now": fetched.known_at,
        }
        await connection.execute(LOCK, values)
        await connection.execute(STAGE, values, prepare=False)
        known = await (
            await connection.execute("SELECT count(instrument_id)::int FROM reported_earnings", prepare=False)
        ).fetchone()
        changed = (await connection.execute(SUPERSEDE, values, prepare=False)).rowcount
        added = (await connection.execute(ADD, values, prepare=False)).rowcount
        gone = 0
        if swept is not None:
            ends = {"start": swept.start, "end": swept.end, "most": MOST_WITHDRAWN}
            gone = (await connection.execute(WITHDRAW, {**values, **ends}, prepare=False)).rowcount
        held = await hold_rows(connection, fetched, fetch_id)
        rows = cast("tuple[int]", known)[0]
        stored = Stored(rows=rows, inserted=added - changed, changed=changed, held=held, withdrawn=gone)
        await close_fetch(connection, fetched, fetch_id, stored, [Watermark.EARNINGS] if added or gone else [])
        return stored
