"""Trading sessions from the exchange-calendars package, read in a short-lived child process.

The package brings pandas, which would cost every worker some 60 MB for one table a month.
Run as ``python -m app.calendars XNYS 1990-01-01``, it prints the sessions as JSON.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import date, datetime

import msgspec

from app.domain.errors import GroatError
from app.domain.sessions import Session


class CalendarError(GroatError):
    """The exchange's calendar could not be read."""

    code = "calendar"


async def read_sessions(mic: str, since: date) -> list[Session]:
    """Return an exchange's sessions from a date on, to as far ahead as the package knows (about a year).

    Raises CalendarError with the child's last line when it fails.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "app.calendars",
        mic,
        since.isoformat(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    if child.returncode != 0:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        message = f"The calendar of {mic} could not be read: {last[0]}"
        raise CalendarError(message)
    return msgspec.json.decode(out, type=list[Session])


def main(mic: str, since: str) -> None:
    """Print the sessions of an exchange as JSON."""
    import exchange_calendars  # noqa: PLC0415  heavy, and only the child needs it

    calendar = exchange_calendars.get_calendar(mic, start=since)
    schedule = calendar.schedule
    sessions = [
        Session(mic=mic, session=day.date(), open_at=utc(row.open), close_at=utc(row.close))
        for day, row in zip(schedule.index, schedule.itertuples(), strict=True)
    ]
    sys.stdout.buffer.write(msgspec.json.encode(sessions))


def utc(stamp: datetime) -> datetime:
    """Return a pandas timestamp as a plain aware datetime."""
    return datetime.fromisoformat(stamp.isoformat())


if __name__ == "__main__":
    main(*sys.argv[1:3])
