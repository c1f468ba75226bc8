"""Tell how fresh the market's bars are: the latest session, what is late, and when the next one is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.market_days import market_date
from app.domain.sessions import US_EQUITIES
from app.services.read_data_quality import final_delay
from app.services.read_market import latest_whole

if TYPE_CHECKING:
    from app.ports.market import MarketReads
    from app.services.desk import Desk

# No closure of an exchange was ever longer.
HORIZON: Final = timedelta(days=14)
# How far back late sessions are counted.
LOOKED_AT: Final = 60


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """The next session whose bars become final: it closes at `close_at`, providers have its bars from `due_at` on."""

    session: date
    close_at: datetime
    due_at: datetime


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh the bars are; dates are the exchange's, times UTC and the market's.

    `latest` is the last session of which most bars are stored; `late` are those after it that are final by now, oldest
    first, at most 60; `next` is the next to become final, null past the end of the stored calendar.
    """

    latest: date | None
    latest_close_at: datetime | None
    late: list[date]
    next: Awaited | None


async def awaited_session(desk: Desk, now: datetime) -> Awaited | None:
    """Return the next session whose bars become final after a moment."""
    delay, today = final_delay(desk), market_date(now)
    for each in await desk.sessions.between(US_EQUITIES, today - timedelta(days=1), today + HORIZON):
        if each.close_at + delay > now:
            return Awaited(session=each.session, close_at=each.close_at, due_at=each.close_at + delay)
    return None


async def read_freshness(store: MarketReads, awaited: Awaited | None, today: date) -> Freshness:
    """Return how fresh the bars are while a session is awaited (as `awaited_session` tells)."""
    calendar = await store.calendar(today, LOOKED_AT)
    newest = await latest_whole(store, today)
    latest = next((each for each in calendar if each.session == newest), None)
    late = [
        each.session
        for each in calendar
        if (awaited is None or each.session < awaited.session) and (newest is None or each.session > newest)
    ]
    return Freshness(latest=newest, latest_close_at=latest.close_at if latest else None, late=late, next=awaited)
