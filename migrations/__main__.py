"""`python -m migrations`: bring the configured database forward, then fill the calendar of sessions."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from app import settings
from app.calendars import read_sessions
from app.clock import WallClock
from app.db.engine import Database
from app.db.sessions import SessionStore
from app.domain.errors import DependencyDownError, GroatError, SettingsError
from app.services.refresh_sessions import refresh_sessions
from migrations.runner import migrate, tier

if TYPE_CHECKING:
    from app.settings import DatabaseSettings


def main() -> int:
    """Migrate; print what was done; return the exit code."""
    try:
        database = settings.load().database
        url = database.url
        if not url:
            print("DATABASE_URL is not set: `ops/start.sh` sets it, or see `groat settings`.", file=sys.stderr)
            return 2
        done = asyncio.run(migrate(url, say=print))
        print(f"schema is up to date ({len(done)} new); database tier: {asyncio.run(tier(url))}")
        print(asyncio.run(fill_calendar(database)))
    except GroatError as e:
        print(e, file=sys.stderr)
        return 2 if isinstance(e, SettingsError) else 3 if isinstance(e, DependencyDownError) else 1
    return 0


async def fill_calendar(settings: DatabaseSettings) -> str:
    """Store the exchange's calendar unless it goes far enough ahead; return what was done, in words."""
    database = Database(settings, name="migrate")
    await database.open()
    try:
        found = await refresh_sessions(SessionStore(database), read_sessions, WallClock().now())
    finally:
        await database.close()
    what = "left as it is" if found.changed is None else f"{found.changed} sessions new or changed"
    return f"calendar of trading sessions: up to {found.horizon}, {what}"


if __name__ == "__main__":
    sys.exit(main())
