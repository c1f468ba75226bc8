"""Read the bars that the judge looks at, a few hundred instruments at a time, and the actions that explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from app.domain.quality_panel import COLUMNS, KnownAction, Panel, place_actions
from app.ports.quality import Unjudged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from datetime import date

    from app.db.engine import Connection, Database

BATCH = 500
MOST_REJUDGED = 50_000
SESSIONS = "SELECT session, version, judged < version FROM bar_sessions ORDER BY session"
REJUDGE = "SELECT id, instrument_id, ex_date FROM bar_rejudge ORDER BY id LIMIT %s"
# An instrument's bars lie side by side in the key's index; each column comes packed in network order.
BARS = """
SELECT i.id, b.* FROM unnest(%(ids)s::integer[]) AS i(id)
CROSS JOIN LATERAL (
  SELECT string_agg(date_send(session), ''::bytea), string_agg(float8send(open), ''::bytea),
    string_agg(float8send(high), ''::bytea), string_agg(float8send(low), ''::bytea),
    string_agg(float8send(close), ''::bytea), string_agg(float8send(volume), ''::bytea)
  FROM (SELECT session, open, high, low, close, volume FROM bars_daily
        WHERE instrument_id = i.id AND session BETWEEN %(first)s AND %(last)s ORDER BY session) s
  HAVING count(*) > 0
) b
"""
# Where providers tell of the same action, the one that told first is heard, as by reads.
ACTIONS = """
SELECT a.instrument_id, a.ex_date, a.split_from, a.split_to, a.cash_amount
FROM (
  SELECT c.*, first_value(c.provider) OVER (
    PARTITION BY c.instrument_id, c.kind, c.ex_date ORDER BY c.known_at, c.provider) AS voice
  FROM corporate_actions c
  WHERE c.instrument_id = ANY(%(ids)s) AND c.ex_date BETWEEN %(first)s AND %(last)s AND c.superseded_at IS NULL
) a JOIN instruments i ON i.id = a.instrument_id
WHERE a.provider = a.voice AND NOT coalesce(lower(a.currency) <> lower(i.currency), false)
"""
HELD = """
SELECT i.id, q.session FROM quarantine q JOIN instruments i ON i.symbol = q.symbol
WHERE q.dataset = 'bars_daily' AND q.state = 'held' AND q.session = ANY(%s)
"""
EPOCH = np.datetime64("2000-01-01", "D")


async def read_unjudged(database: Database) -> Unjudged:
    """Return what has changed since it was judged."""
    async with database.connection("unjudged") as connection:
        rows = await (await connection.execute(SESSIONS)).fetchall()
        again = await (await connection.execute(REJUDGE, [MOST_REJUDGED])).fetchall()
    sessions = cast("list[tuple[date, int, bool]]", rows)
    waiting = cast("list[tuple[int, int, date]]", again)
    return Unjudged(
        stored=[session for session, _, _ in sessions],
        versions={session: version for session, version, is_new in sessions if is_new},
        instruments=[(instrument, ex_date) for _, instrument, ex_date in waiting],
        rejudge_ids=[number for number, _, _ in waiting],
    )


async def read_panels(
    database: Database, sessions: Sequence[date], instruments: Collection[int] | None
) -> AsyncIterator[Panel]:
    """Yield the bars of those sessions; instruments without a bar in them are left out."""
    if not sessions:
        return
    if instruments is None:
        async with database.connection("judge") as connection:
            rows = await (await connection.execute("SELECT id FROM instruments ORDER BY id")).fetchall()
        instruments = [cast("int", number) for (number,) in rows]
    numbers = sorted(instruments)
    for start in range(0, len(numbers), BATCH):
        async with database.connection("judge") as connection:
            panel = await read_panel(connection, sessions, numbers[start : start + BATCH])
        if panel.instruments:
            yield panel


async def read_panel(connection: Connection, sessions: Sequence[date], numbers: Sequence[int]) -> Panel:
    """Read one batch."""
    values = {"ids": list(numbers), "first": sessions[0], "last": sessions[-1]}
    # Planned for these dates each time: a plan for any dates would look into every chunk.
    cursor = await connection.execute(BARS, values, binary=True, prepare=False)
    found = cast("list[tuple[int, bytes, bytes, bytes, bytes, bytes, bytes]]", await cursor.fetchall())
    actions = await (await connection.execute(ACTIONS, values)).fetchall()
    days = np.array(sessions, dtype="datetime64[D]")
    instruments = [row[0] for row in found]
    columns = {name: np.full((len(days), len(found)), np.nan) for name in COLUMNS}
    for i, (_, packed_days, *packed) in enumerate(found):
        at = EPOCH + np.frombuffer(packed_days, dtype=">i4").astype("timedelta64[D]")
        rows = np.searchsorted(days, at)
        known = days[np.minimum(rows, len(days) - 1)] == at
        for name, values_of in zip(COLUMNS, packed, strict=True):
            columns[name][rows[known], i] = np.frombuffer(values_of, dtype=">f8")[known]
    names = ("instrument", "ex_date", "split_from", "split_to", "cash_amount")
    told = [KnownAction(**dict(zip(names, row, strict=True))) for row in cast("list[tuple[int, ...]]", actions)]  # type: ignore[arg-type]  # the columns are of these types
    splits, cash = place_actions(days, instruments, told)
    return Panel(sessions=days, instruments=instruments, splits=splits, cash=cash, **columns)


async def read_held(database: Database, sessions: Sequence[date]) -> set[tuple[int, date]]:
    """Return the (instrument, session) of which a row is in quarantine."""
    async with database.connection("judge") as connection:
        rows = await (await connection.execute(HELD, [list(sessions)])).fetchall()
    return set(cast("list[tuple[int, date]]", rows))
