"""When each instrument was last asked about: the ages that the plan of instrument-wise datasets is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from app.db.engine import Connection
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Asked

# The wait doubles with each answer that held nothing, from a day to ninety.
RECORD = """
INSERT INTO asks AS a (dataset, instrument_id, provider, asked_at, misses, next_ask)
SELECT %(dataset)s, i.id, %(provider)s, %(now)s, m.misses,
  CASE WHEN m.misses = 0 THEN %(now)s ELSE %(now)s + interval '1 day' END
FROM (
  SELECT DISTINCT ON (symbol) id, symbol FROM instruments WHERE symbol = ANY(%(symbols)s)
  ORDER BY symbol, active DESC, delisted_on DESC NULLS LAST, id DESC
) i CROSS JOIN LATERAL (SELECT CASE WHEN i.symbol = ANY(%(found)s) THEN 0 ELSE 1 END AS misses) m
ORDER BY i.id
ON CONFLICT (dataset, instrument_id, provider) DO UPDATE SET asked_at = excluded.asked_at,
  misses = CASE WHEN excluded.misses = 0 THEN 0 ELSE a.misses + 1 END,
  next_ask = CASE WHEN excluded.misses = 0 THEN excluded.asked_at
    ELSE excluded.asked_at + least(power(2, least(a.misses, 7)), 90) * interval '1 day' END
"""


class AskStore:
    """The record of questions in PostgreSQL."""

    async def record(self, unit: UnitOfWork, asked: Asked) -> None:
        """Write down that instruments were asked about, and which of them the answer knew."""
        values = {
            "dataset": asked.dataset,
            "provider": asked.provider,
            "symbols": list(asked.symbols),
            "found": list(asked.found),
            "now": asked.at,
        }
        await cast("Connection", unit).execute(RECORD, values)
