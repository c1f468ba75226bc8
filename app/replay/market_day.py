"""The hours of a trading day in New York, and what a clock's reading means for the data.

The regular close is taken as 16:00 on every session. The exchange's calendar package would bring pandas
into the server, or a child process, for the two early closes of a year; nothing here depends on them, as a
day's bars are only served from 20:00 on.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from app.domain.sessions import NEW_YORK

ZONE = ZoneInfo(NEW_YORK)
MIDNIGHT = time(0)
PRE_MARKET = time(4)
OPEN = time(9, 30)
CLOSE = time(16)
END_OF_DAY = time(20)  # four hours after the close: extended trading is over, the day's bars are final

Phase = Literal["closed", "early", "open", "late"]


def today(now: datetime) -> date:
    """Return the trading date in New York at a moment."""
    return now.astimezone(ZONE).date()


def at(day: date, hour: time) -> datetime:
    """Return the moment, aware, when clocks in New York show an hour of a day."""
    return datetime.combine(day, hour, ZONE)


def milliseconds(day: date, hour: time) -> int:
    """Return an hour of a day in New York in milliseconds since 1970-01-01 UTC."""
    return int(at(day, hour).timestamp()) * 1_000


def is_final(day: date, now: datetime) -> bool:
    """Tell whether a day's bars may be asked for: from 20:00 New York of that day on."""
    return now >= at(day, END_OF_DAY)


def years_before(day: date, years: int) -> date:
    """Return the same date some years earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def phase(now: datetime, *, is_session: bool) -> Phase:
    """Tell which part of the trading day it is: early (from 04:00), open, late (to 20:00) or closed."""
    hour = now.astimezone(ZONE).time()
    if not is_session or not PRE_MARKET <= hour < END_OF_DAY:
        return "closed"
    if hour < OPEN:
        return "early"
    return "open" if hour < CLOSE else "late"
