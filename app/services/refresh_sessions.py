"""Keep the stored calendar of trading sessions well ahead of the market."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.sessions import US_EQUITIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from app.domain.sessions import Session
    from app.ports.stores import Sessions

SINCE = date(1990, 1, 1)
LEAST_AHEAD = timedelta(days=60)


class CalendarReport(msgspec.Struct, frozen=True, kw_only=True):
    """How far the calendar goes, and how many of its rows changed (None: it was far enough ahead to be left alone)."""

    horizon: date | None
    changed: int | None


async def refresh_sessions(
    sessions: Sessions, read: Callable[[str, date], Awaitable[Sequence[Session]]], now: datetime
) -> CalendarReport:
    """Read the exchange's calendar again unless what is stored goes `LEAST_AHEAD` beyond `now`.

    `read` gives an exchange's sessions from a date on; it may take a second.
    """
    horizon = await sessions.horizon(US_EQUITIES)
    if horizon is not None and horizon > now.date() + LEAST_AHEAD:
        return CalendarReport(horizon=horizon, changed=None)
    changed = await sessions.put(await read(US_EQUITIES, SINCE), now)
    return CalendarReport(horizon=await sessions.horizon(US_EQUITIES), changed=changed)
