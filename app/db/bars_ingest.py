"""Store daily bars: straight COPY for new sessions, staging and merge for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import psycopg

from app.db.copy_binary import dates, moment, pack_with_nulls, text
from app.db.fetch_log import NEXT_FETCH, close_fetch, hold_rows
from app.db.instrument_ids import VERSION, InstrumentIds
from app.db.instrument_unions import SHARE
from app.db.quality_counts import count_bars
from app.domain import quality
from app.domain.datasets import Watermark
from app.domain.instrument_symbols import AMBIGUOUS
from app.ports.stores import Stored

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from app.db.engine import Connection
    from app.domain.bars import DailyBars
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

COLUMNS = "instrument_id, session, open, high, low, close, volume, vwap, trades, provider, fetch_id, known_at"
OLD_COLUMNS = ", ".join(f"(was).{column}" for column in COLUMNS.split(", "))
VWAP, TRADES = 7, 8
COPY_BARS = f"COPY bars_daily ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
COPY_STAGED = f"COPY staged_bars ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
# One writer a session at a time: two replies for the same one must not interleave. What is read beside the lock may be
# older than it: a session that was answered meanwhile then shows as a clash, and an instrument as one to look up.
BEGIN = f"""
SELECT {NEXT_FETCH}, {VERSION},
  EXISTS (SELECT FROM settled WHERE dataset = 'bars_daily' AND instrument_id = 0
    AND span && (SELECT range_agg(daterange(day, day, '[]')) FROM unnest(%(days)s::date[]) AS day)),
  (SELECT count(pg_advisory_xact_lock(hashtext('bars_daily'), day - '2000-01-01'))
   FROM (SELECT day FROM unnest(%(days)s::date[]) AS day ORDER BY day) AS ordered)
"""  # noqa: S608  only our own constants
# TimescaleDB would look for chunks to leave out at each of 10,000 look-ups, for five times the look-up's own cost; the
# bounds have left them out already. (Without TimescaleDB the setting is a mere name.)
STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS staged_bars ON COMMIT DELETE ROWS AS SELECT {COLUMNS} FROM bars_daily WITH NO DATA;
SET LOCAL timescaledb.enable_runtime_exclusion = off
"""  # noqa: S608  only our own constant
# The stored rows are looked up by key, one by one (OFFSET 0 keeps the look-up from becoming a join), and written back
# through the key's index: the statistics of a table that is being filled are always wrong, and a join planned by them
# can take minutes. The bounds name the chunk. A revision never ends before it began, also when the clock stands still.
MERGE = f"""
WITH todo AS MATERIALIZED (
  SELECT s.*, b.was
  FROM staged_bars s LEFT JOIN LATERAL (
    SELECT x AS was FROM bars_daily x
    WHERE x.instrument_id = s.instrument_id AND x.session = s.session AND x.session BETWEEN %(first)s AND %(last)s
    OFFSET 0
  ) b ON true
  WHERE (b.was).known_at IS NULL
    OR ((b.was).open, (b.was).high, (b.was).low, (b.was).close, (b.was).volume)
       <> (s.open, s.high, s.low, s.close, s.volume)
    OR (b.was).vwap IS DISTINCT FROM s.vwap OR (b.was).trades IS DISTINCT FROM s.trades
), revised AS (
  INSERT INTO bar_revisions ({COLUMNS}, superseded_at)
  SELECT {OLD_COLUMNS}, greatest(known_at, (was).known_at + interval '1 microsecond')
  FROM todo WHERE (was).known_at IS NOT NULL
), stored AS (
  INSERT INTO bars_daily AS b ({COLUMNS}) SELECT {COLUMNS} FROM todo
  ON CONFLICT (instrument_id, session) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
    vwap = excluded.vwap, trades = excluded.trades, provider = excluded.provider, fetch_id = excluded.fetch_id,
    known_at = greatest(excluded.known_at, b.known_at + interval '1 microsecond')
)
SELECT session, count(*) FILTER (WHERE (was).known_at IS NULL)::int,
  count(*) FILTER (WHERE (was).known_at IS NOT NULL)::int
FROM todo GROUP BY session
"""  # noqa: S608  only our own constants


class BarsIngestStore:
    """Daily bars into PostgreSQL."""

    def __init__(self, ids: InstrumentIds | None = None) -> None:
        """Share the map of instruments, when there is one."""
        self._ids = ids or InstrumentIds()

    async def store(self, unit: UnitOfWork, bars: DailyBars, fetched: Fetched) -> Stored:
        """Store sound bars of any sessions; unchanged ones are skipped, old values kept as revisions."""
        connection = cast("Connection", unit)
        days = np.unique(bars.sessions).tolist()
        await connection.execute(SHARE)
        row = await (await connection.execute(BEGIN, {"days": days})).fetchone()
        fetch_id, version, answered, _ = cast("tuple[int, int, bool, int]", row)
        made = inserted = changed = 0
        if len(bars):
            on = days[0] if len(days) == 1 else bars.sessions.tolist()
            found, made = await self._ids.of(connection, bars.symbols, fetched, version, on=on)
            ids = np.array(found, dtype=np.int32)
            if not ids.all():
                bars, ids, fetched = sure(bars, ids, fetched)
            block = packed(bars, ids, fetched, fetch_id)
            if not answered and await copied(connection, block):
                inserted = len(bars)
                added = per_session(bars)
            else:
                added, changed = await merged(connection, block, {"first": days[0], "last": days[-1]})
                inserted = sum(added.values())
            await count_bars(connection, added)
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=len(bars), inserted=inserted, changed=changed, held=held, instruments=made)
        watermarks = [
            *([Watermark.BARS_DAILY] if inserted or changed else []),
            *([Watermark.INSTRUMENTS] if made else []),
        ]
        await close_fetch(connection, fetched, fetch_id, stored, watermarks)
        return stored


def sure(
    bars: DailyBars, ids: npt.NDArray[np.int32], fetched: Fetched
) -> tuple[DailyBars, npt.NDArray[np.int32], Fetched]:
    """Hold the bars of which it cannot be told whose they are, and return the others."""
    known = ids != AMBIGUOUS
    held = [quality.hold(bars, i, {"ambiguous_symbol": ~known}) for i in np.flatnonzero(~known).tolist()]
    return quality.take(bars, known), ids[known], msgspec.structs.replace(fetched, held=[*fetched.held, *held])


def packed(bars: DailyBars, ids: npt.NDArray[np.int32], fetched: Fetched, fetch_id: int) -> bytes:
    """Return the bars as one binary COPY block, in the key's order: neighbours in the index are written together."""
    columns: list[npt.NDArray[Any]] = [
        ids,
        dates(bars.sessions),
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bars.vwap,
        bars.trades.astype(np.int32),
        text(fetched.provider),
        np.array(fetch_id),
        moment(fetched.known_at),
    ]
    null = [(VWAP, np.isnan(bars.vwap)), (TRADES, bars.trades < 0)]
    return pack_with_nulls(columns, null, np.argsort(ids, kind="stable"))


async def copied(connection: Connection, block: bytes) -> bool:
    """COPY straight into the table; on a clash with a stored row leave it as it was and return False."""
    await connection.execute("SAVEPOINT before_copy")
    try:
        await copy(connection, COPY_BARS, block)
    except psycopg.errors.UniqueViolation:
        await connection.execute("ROLLBACK TO before_copy")
        return False
    return True


def per_session(bars: DailyBars) -> dict[date, int]:
    """Count the bars of each session."""
    sessions, counts = np.unique(bars.sessions, return_counts=True)
    return dict(zip(sessions.tolist(), counts.tolist(), strict=True))


async def merged(connection: Connection, block: bytes, span: dict[str, object]) -> tuple[dict[date, int], int]:
    """COPY to staging, then merge; return how many rows were new in each session touched, and how many changed."""
    await connection.execute(STAGE)
    await copy(connection, COPY_STAGED, block)
    # Planned for these dates each time: a plan for any dates would look into every chunk.
    rows = await (await connection.execute(MERGE, span, prepare=False)).fetchall()
    touched = cast("list[tuple[date, int, int]]", rows)
    return {session: added for session, added, _ in touched}, sum(changed for _, _, changed in touched)


async def copy(connection: Connection, statement: str, block: bytes) -> None:
    """Send a block."""
    async with connection.cursor() as cursor, cursor.copy(statement) as out:
        await out.write(block)
