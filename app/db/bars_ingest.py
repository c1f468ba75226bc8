"""Store daily bars: straight COPY for new sessions, staging and merge for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import psycopg

from app.db.copy_binary import constant, dates, moment, pack_with_nulls
from app.db.fetch_log import close_fetch, hold_rows, open_fetch
from app.db.instrument_ids import InstrumentIds
from app.domain.datasets import Watermark
from app.ports.stores import Stored

if TYPE_CHECKING:
    import numpy.typing as npt

    from app.db.engine import Connection
    from app.domain.bars import DailyBars
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

COLUMNS = "instrument_id, session, open, high, low, close, volume, vwap, trades, provider, fetch_id, known_at"
VWAP, TRADES = 7, 8
COPY_BARS = f"COPY bars_daily ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
COPY_STAGED = f"COPY staged_bars ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
# One writer a session at a time: two replies for the same one must not interleave.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('bars_daily'), (%s::date - '2000-01-01'))"
ANSWERED = """
SELECT EXISTS (SELECT FROM settled WHERE dataset = 'bars_daily' AND instrument_id = 0
  AND span && datemultirange(daterange(%s, %s, '[]')))
"""
STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS staged_bars ON COMMIT DELETE ROWS AS SELECT {COLUMNS} FROM bars_daily WITH NO DATA
"""  # noqa: S608  only our own constant
# The staged rows are looked up by key, whatever the statistics of a table that is being filled say: 10,000
# look-ups cost less than reading a year of the market, and a wrong guess the other way costs seconds.
BY_KEY = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
# One look at the stored rows; everything after it touches only what differs. A revision never ends before it began,
# also when the market's clock stands still.
MERGE = f"""
WITH todo AS MATERIALIZED (
  SELECT s.*, b.known_at AS was_known_at
  FROM staged_bars s LEFT JOIN bars_daily b
    ON b.instrument_id = s.instrument_id AND b.session = s.session AND b.session BETWEEN %(first)s AND %(last)s
  WHERE b.instrument_id IS NULL
    OR (b.open, b.high, b.low, b.close, b.volume) <> (s.open, s.high, s.low, s.close, s.volume)
    OR b.vwap IS DISTINCT FROM s.vwap OR b.trades IS DISTINCT FROM s.trades
), revised AS (
  INSERT INTO bar_revisions ({COLUMNS}, superseded_at)
  SELECT b.instrument_id, b.session, b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades, b.provider, b.fetch_id,
    b.known_at, greatest(t.known_at, b.known_at + interval '1 microsecond')
  FROM todo t JOIN bars_daily b ON b.instrument_id = t.instrument_id AND b.session = t.session
    AND b.session BETWEEN %(first)s AND %(last)s
  WHERE t.was_known_at IS NOT NULL
), updated AS (
  UPDATE bars_daily b SET open = t.open, high = t.high, low = t.low, close = t.close, volume = t.volume, vwap = t.vwap,
    trades = t.trades, provider = t.provider, fetch_id = t.fetch_id,
    known_at = greatest(t.known_at, t.was_known_at + interval '1 microsecond')
  FROM todo t
  WHERE t.was_known_at IS NOT NULL AND b.instrument_id = t.instrument_id AND b.session = t.session
    AND b.session BETWEEN %(first)s AND %(last)s
  RETURNING 1
), inserted AS (
  INSERT INTO bars_daily ({COLUMNS}) SELECT {COLUMNS} FROM todo WHERE was_known_at IS NULL RETURNING 1
)
SELECT (SELECT count(*) FROM inserted)::int, (SELECT count(*) FROM updated)::int
"""  # noqa: S608  only our own constants


class BarsIngestStore:
    """Daily bars into PostgreSQL."""

    def __init__(self, ids: InstrumentIds | None = None) -> None:
        """Share the map of instruments, when there is one."""
        self._ids = ids or InstrumentIds()

    async def store(self, unit: UnitOfWork, bars: DailyBars, fetched: Fetched) -> Stored:
        """Store sound bars of any sessions; unchanged ones are skipped, old values kept as revisions."""
        connection = cast("Connection", unit)
        sessions = np.unique(bars.sessions)
        for session in sessions.tolist():
            await connection.execute(LOCK, [session])
        fetch_id = await open_fetch(connection, fetched, len(bars))
        made = inserted = changed = 0
        if len(bars):
            ids, made = await self._ids.of(
                connection, bars.symbols, provider=fetched.provider, known_at=fetched.known_at
            )
            block = packed(bars, np.array(ids, dtype=np.int32), fetched, fetch_id)
            span = [sessions[0].item(), sessions[-1].item()]
            answered = (await (await connection.execute(ANSWERED, span)).fetchone() or [True])[0]
            if not answered and await copied(connection, block):
                inserted = len(bars)
            else:
                inserted, changed = await merged(connection, block, {"first": span[0], "last": span[1]})
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=len(bars), inserted=inserted, changed=changed, held=held, instruments=made)
        watermarks = [
            *([Watermark.BARS_DAILY] if inserted or changed else []),
            *([Watermark.INSTRUMENTS] if made else []),
        ]
        await close_fetch(connection, fetched, fetch_id, stored, watermarks)
        return stored


def packed(bars: DailyBars, ids: npt.NDArray[np.int32], fetched: Fetched, fetch_id: int) -> bytes:
    """Return the bars as one binary COPY block, in the key's order: neighbours in the index are written together."""
    count, order = len(bars), np.argsort(ids, kind="stable")
    columns: list[npt.NDArray[Any]] = [
        ids[order],
        dates(bars.sessions)[order],
        bars.open[order],
        bars.high[order],
        bars.low[order],
        bars.close[order],
        bars.volume[order],
        bars.vwap[order],
        bars.trades.astype(np.int32)[order],
        constant(fetched.provider.encode(), count),
        constant(np.int64(fetch_id), count),
        constant(moment(fetched.known_at), count),
    ]
    return pack_with_nulls(columns, [(VWAP, np.isnan(bars.vwap)[order]), (TRADES, (bars.trades < 0)[order])])


async def copied(connection: Connection, block: bytes) -> bool:
    """COPY straight into the table; on a clash with a stored row leave it as it was and return False."""
    try:
        async with connection.transaction():
            await copy(connection, COPY_BARS, block)
    except psycopg.errors.UniqueViolation:
        return False
    return True


async def merged(connection: Connection, block: bytes, span: dict[str, object]) -> tuple[int, int]:
    """COPY to staging, then merge; return how many rows were new and how many changed."""
    await connection.execute(STAGE)
    await copy(connection, COPY_STAGED, block)
    await connection.execute(BY_KEY)
    row = await (await connection.execute(MERGE, span)).fetchone()
    return cast("tuple[int, int]", row)


async def copy(connection: Connection, statement: str, block: bytes) -> None:
    """Send a block."""
    async with connection.cursor() as cursor, cursor.copy(statement) as out:
        await out.write(block)
