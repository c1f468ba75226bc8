"""The stored calendar of trading sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.domain.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from app.db.engine import Database

BETWEEN = """
SELECT session, open_at, close_at FROM sessions WHERE mic = %s AND session BETWEEN %s AND %s ORDER BY session
"""
PUT = """
INSERT INTO sessions (mic, session, open_at, close_at)
SELECT %(mic)s, * FROM unnest(%(days)s::date[], %(opens)s::timestamptz[], %(closes)s::timestamptz[])
ON CONFLICT (mic, session) DO UPDATE SET open_at = excluded.open_at, close_at = excluded.close_at
WHERE (sessions.open_at, sessions.close_at) IS DISTINCT FROM (excluded.open_at, excluded.close_at)
"""
# What has happened stays; a session to come that the calendar dropped (an unplanned closure) goes.
DROP = "DELETE FROM sessions WHERE mic = %(mic)s AND open_at > %(now)s AND session <> ALL(%(days)s::date[])"


class SessionStore:
    """Trading sessions in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read and write through this database."""
        self._database = database

    async def between(self, mic: str, first: date, last: date) -> list[Session]:
        """Return an exchange's sessions from a date to another, both included, in order."""
        async with self._database.connection("sessions") as connection:
            rows = await (await connection.execute(BETWEEN, [mic, first, last])).fetchall()
        found = cast("list[tuple[date, datetime, datetime]]", rows)
        return [Session(mic=mic, session=day, open_at=opens, close_at=closes) for day, opens, closes in found]

    async def following(self, mic: str, session: date) -> date | None:
        """Return the next session after a date; None past the horizon."""
        return await self._one("SELECT min(session) FROM sessions WHERE mic = %s AND session > %s", [mic, session])

    async def horizon(self, mic: str) -> date | None:
        """Return the last session that is stored; None when there is none."""
        return await self._one("SELECT max(session) FROM sessions WHERE mic = %s", [mic])

    async def put(self, sessions: Sequence[Session], now: datetime) -> int:
        """Store one exchange's calendar and return how many rows that changed."""
        if not sessions:
            return 0
        values = {
            "mic": sessions[0].mic,
            "days": [session.session for session in sessions],
            "opens": [session.open_at for session in sessions],
            "closes": [session.close_at for session in sessions],
            "now": now,
        }
        async with self._database.transaction("sessions") as connection:
            dropped = (await connection.execute(DROP, values)).rowcount
            return dropped + (await connection.execute(PUT, values)).rowcount

    async def _one(self, sql: str, values: Sequence[object]) -> date | None:
        async with self._database.connection("sessions") as connection:
            row = await (await connection.execute(sql, values)).fetchone()
        return cast("date | None", row[0]) if row else None
