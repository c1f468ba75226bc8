"""Store providers' quotes: one row a moment, and another when the provider corrects it."""

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
    from app.domain.quotes import ReportedQuote
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

FACTS = "price, open, high, low, previous_close, volume"
# One writer an instrument at a time, in the order of their numbers.
LOCK = f"""
SELECT count(pg_advisory_xact_lock(hashtext('quotes'), id))
FROM (
  SELECT {CURRENT_ID.format(symbol="s.symbol")} AS id FROM unnest(%(symbols)s::text[]) AS s(symbol) ORDER BY 1) found
WHERE id IS NOT NULL
"""  # noqa: S608  only our own constants
ADD = f"""
WITH reported AS (
  SELECT {CURRENT_ID.format(symbol="r.symbol")} AS instrument_id, r.*
  FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(
    symbol text, at timestamptz, price float8, open float8, high float8, low float8, previous_close float8,
    volume float8)
), told AS (
  SELECT r.*, w.known_at AS was, w.known_at IS NOT NULL AND
    (r.{FACTS.replace(", ", ", r.")}) IS NOT DISTINCT FROM (w.{FACTS.replace(", ", ", w.")}) AS same
  FROM reported r LEFT JOIN LATERAL (
    SELECT * FROM quotes q
    WHERE q.instrument_id = r.instrument_id AND q.at = r.at AND q.provider = %(provider)s
    ORDER BY q.known_at DESC LIMIT 1) w ON true
  WHERE r.instrument_id IS NOT NULL
), stored AS (
  INSERT INTO quotes (instrument_id, provider, at, {FACTS}, fetch_id, known_at)
  SELECT instrument_id, %(provider)s, at, {FACTS}, %(fetch)s, greatest(%(now)s, was + interval '1 microsecond')
  FROM told WHERE NOT same
)
SELECT count(*)::int, count(*) FILTER (WHERE was IS NULL)::int,
  count(*) FILTER (WHERE was IS NOT NULL AND NOT same)::int
FROM told
"""  # noqa: S608  only our own constants


class QuotesIngestStore:
    """Quotes into PostgreSQL."""

    async def store(self, unit: UnitOfWork, quotes: Sequence[ReportedQuote], fetched: Fetched) -> Stored:
        """Store sound quotes, each (symbol, moment) once; those of symbols that are no instruments are left out."""
        connection = cast("Connection", unit)
        fetch_id = await open_fetch(connection)
        await connection.execute(LOCK, {"symbols": [quote.symbol for quote in quotes]})
        values = {
            "rows": storable([msgspec.structs.asdict(quote) for quote in quotes]),
            "provider": fetched.provider,
            "fetch": fetch_id,
            "now": fetched.known_at,
        }
        row = await (await connection.execute(ADD, values)).fetchone()
        rows, inserted, changed = cast("tuple[int, int, int]", row)
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=rows, inserted=inserted, changed=changed, held=held)
        await close_fetch(connection, fetched, fetch_id, stored, [Watermark.QUOTES] if inserted or changed else [])
        return stored
