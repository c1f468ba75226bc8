"""Store lists of instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.domain.datasets import Watermark
from app.ports.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.ports.providers import ListedTicker
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

# A list that lacks a field does not erase it: another list may have had it. Rows come sorted by symbol.
UPSERT = """
WITH listed AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS l(
    symbol text, name text, mic text, type text, currency text, cik text, figi text, active boolean, delisted_on date)
), stored AS (
  INSERT INTO instruments AS i
    (symbol, name, mic, type, currency, cik, figi, active, delisted_on, provider, known_at, changed_at)
  SELECT symbol, name, mic, type, currency, cik, figi, active, delisted_on, %(provider)s, %(now)s, %(now)s FROM listed
  ON CONFLICT (symbol) DO UPDATE SET
    name = coalesce(excluded.name, i.name), mic = coalesce(excluded.mic, i.mic), type = coalesce(excluded.type, i.type),
    currency = coalesce(excluded.currency, i.currency), cik = coalesce(excluded.cik, i.cik),
    figi = coalesce(excluded.figi, i.figi), active = excluded.active,
    delisted_on = coalesce(excluded.delisted_on, i.delisted_on), changed_at = excluded.changed_at
  WHERE (i.name, i.mic, i.type, i.currency, i.cik, i.figi, i.active, i.delisted_on) IS DISTINCT FROM (
    coalesce(excluded.name, i.name), coalesce(excluded.mic, i.mic), coalesce(excluded.type, i.type),
    coalesce(excluded.currency, i.currency), coalesce(excluded.cik, i.cik), coalesce(excluded.figi, i.figi),
    excluded.active, coalesce(excluded.delisted_on, i.delisted_on))
  RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new)::int, count(*) FILTER (WHERE NOT is_new)::int FROM stored
"""


class InstrumentsIngestStore:
    """Lists of instruments into PostgreSQL."""

    async def store(self, unit: UnitOfWork, tickers: Sequence[ListedTicker], fetched: Fetched) -> Stored:
        """Store what the list says; each symbol comes once."""
        connection = cast("Connection", unit)
        fetch_id = await open_fetch(connection)
        rows = [msgspec.structs.asdict(ticker) for ticker in sorted(tickers, key=lambda ticker: ticker.symbol)]
        values = {"rows": storable(rows), "provider": fetched.provider, "now": fetched.known_at}
        row = await (await connection.execute(UPSERT, values)).fetchone()
        inserted, changed = cast("tuple[int, int]", row)
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=len(tickers), inserted=inserted, changed=changed, held=held, instruments=inserted)
        await close_fetch(connection, fetched, fetch_id, stored, [Watermark.INSTRUMENTS] if inserted or changed else [])
        return stored
