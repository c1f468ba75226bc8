"""Store one symbol's bars: where the whole market left a hole they fill it, elsewhere they are another opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from app.db.fetch_log import storable
from app.db.instrument_ids import InstrumentIds
from app.domain.quality import take

if TYPE_CHECKING:
    from app.db.bars_ingest import BarsIngestStore
    from app.db.engine import Connection
    from app.domain.bars import DailyBars
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched, Stored

# The lock that every ingest of these sessions takes: a hole that is looked for under it stays one.
LOCK = """
SELECT count(pg_advisory_xact_lock(hashtext('bars_daily'), day - '2000-01-01'))
FROM (SELECT day FROM unnest(%(days)s::date[]) AS day ORDER BY day) AS ordered
"""
STORED = """
SELECT u.number::int FROM unnest(%(ids)s::integer[], %(days)s::date[]) WITH ORDINALITY AS u(id, day, number)
WHERE EXISTS (
  SELECT FROM bars_daily b
  WHERE b.instrument_id = u.id AND b.session = u.day AND b.session BETWEEN %(first)s AND %(last)s)
"""
PRICES = "open, high, low, close, volume"
# The fetch's row is there already: it is the last that this step has written.
GIVE_OPINION = f"""
INSERT INTO bar_opinions (instrument_id, session, provider, {PRICES}, fetch_id, known_at)
SELECT b.id, b.session, %(provider)s, b.{PRICES.replace(", ", ", b.")},
  (SELECT max(id) FROM fetches WHERE step = %(step)s), greatest(%(now)s, w.known_at + interval '1 microsecond')
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS b(
  id integer, session date, open float8, high float8, low float8, close float8, volume float8)
LEFT JOIN LATERAL (
  SELECT * FROM bar_opinions o
  WHERE o.instrument_id = b.id AND o.session = b.session AND o.provider = %(provider)s
  ORDER BY o.known_at DESC LIMIT 1) w ON true
WHERE (w.{PRICES.replace(", ", ", w.")}) IS DISTINCT FROM (b.{PRICES.replace(", ", ", b.")})
ORDER BY b.session
"""  # noqa: S608  only our own constants


class SymbolBarsIngestStore:
    """One symbol's bars into PostgreSQL."""

    def __init__(self, bars: BarsIngestStore, ids: InstrumentIds | None = None) -> None:
        """Fill holes the way that the whole market's bars go; share the map of instruments, when there is one."""
        self._bars = bars
        self._ids = ids or InstrumentIds()

    async def store(self, unit: UnitOfWork, bars: DailyBars, fetched: Fetched) -> Stored:
        """Store sound bars of one symbol, which is an instrument: no bar that is stored changes."""
        connection = cast("Connection", unit)
        days = bars.sessions.tolist()
        await connection.execute(LOCK, {"days": sorted(set(days))})
        ids, _ = await self._ids.of(connection, bars.symbols, fetched)
        hole = np.ones(len(bars), dtype=bool)
        if len(bars):
            values = {"ids": ids, "days": days, "first": min(days), "last": max(days)}
            rows = await (await connection.execute(STORED, values)).fetchall()
            hole[[cast("int", number) - 1 for (number,) in rows]] = False
        stored = await self._bars.store(unit, take(bars, hole), fetched)
        if not hole.all():
            opinions = [row_of(bars, int(i), ids[i]) for i in np.flatnonzero(~hole)]
            values = {"provider": fetched.provider, "step": fetched.step, "now": fetched.known_at}
            await connection.execute(GIVE_OPINION, {**values, "rows": storable(opinions)})
        return stored


def row_of(bars: DailyBars, i: int, instrument_id: int) -> dict[str, object]:
    """Return one bar for JSON."""
    prices = {name: getattr(bars, name)[i].item() for name in PRICES.split(", ")}
    return {"id": instrument_id, "session": bars.sessions[i].item(), **prices}
