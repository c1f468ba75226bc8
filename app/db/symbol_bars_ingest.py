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
# A provider tells the present holder's history, also of days when the company traded under another symbol, or the
# symbol was another company's. A bar is stored by the symbol of its day, so of such days none is filled in.
STANDING = """
SELECT EXISTS (
    SELECT FROM bars_daily b
    WHERE b.instrument_id = u.id AND b.session = u.day AND b.session BETWEEN %(first)s AND %(last)s),
  EXISTS (
    SELECT FROM instrument_symbols s
    WHERE s.instrument_id = u.id AND s.symbol = %(symbol)s AND s.superseded_at IS NULL
      AND (s.valid_from <= u.day OR s.valid_from IS NULL) AND (s.valid_to > u.day OR s.valid_to IS NULL))
FROM unnest(%(ids)s::integer[], %(days)s::date[]) WITH ORDINALITY AS u(id, day, number) ORDER BY u.number
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
        taken = hole = np.zeros(len(bars), dtype=bool)
        if len(bars):
            asked = {"ids": ids, "days": days, "symbol": bars.symbols[0], "first": min(days), "last": max(days)}
            rows = await (await connection.execute(STANDING, asked)).fetchall()
            taken = np.array([is_taken for is_taken, _ in rows], dtype=bool)
            hole = ~taken & np.array([is_theirs for _, is_theirs in rows], dtype=bool)
        stored = await self._bars.store(unit, take(bars, hole), fetched)
        if taken.any():
            opinions = [row_of(bars, int(i), ids[i]) for i in np.flatnonzero(taken)]
            values = {"provider": fetched.provider, "step": fetched.step, "now": fetched.known_at}
            await connection.execute(GIVE_OPINION, {**values, "rows": storable(opinions)})
        return stored


def row_of(bars: DailyBars, i: int, instrument_id: int) -> dict[str, object]:
    """Return one bar for JSON."""
    prices = {name: getattr(bars, name)[i].item() for name in PRICES.split(", ")}
    return {"id": instrument_id, "session": bars.sessions[i].item(), **prices}
