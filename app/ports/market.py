"""What the page of the market needs of the store."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.quality_panel import Panel

MONTH: Final = timedelta(days=30)


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the exchange's calendar, and how many bars of it are stored."""

    session: date
    close_at: datetime
    stored: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a bar among the sessions asked for: its number, symbol, name, and sector (None: not known)."""

    id: int
    symbol: str
    name: str | None
    sector: str | None


class Tenure(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument was in an index from `joined_on` to before `left_on` (None: it still is)."""

    instrument_id: int
    joined_on: date
    left_on: date | None


class MarketPanel(msgspec.Struct, frozen=True, kw_only=True):
    """Raw bars of the common shares over sessions; `listed` are the panel's instruments, in its order."""

    listed: Sequence[Listed]
    panel: Panel


class Extremes(msgspec.Struct, frozen=True, kw_only=True):
    """How many had their highest or lowest price over the sessions since a day: the first of which there is a bar.

    `able` have a bar within a month of it, and only they count.
    """

    since: date | None
    able: int
    highs: int
    lows: int


class MarketReads(Protocol):
    """Where the market is read. `as_of` (aware UTC) asks for what was known then; None for what is known now."""

    async def newest(self, until: date) -> date | None:
        """Return the latest session, up to a date, of which bars are stored."""

    async def calendar(self, last: date, count: int) -> list[StoredSession]:
        """Return the calendar's last `count` sessions up to a date, in order."""

    async def panel(self, sessions: Sequence[date], as_of: datetime | None) -> MarketPanel:
        """Return the bars of common shares over these sessions, in order, and the actions within them."""

    async def tenures(self, index: str, first: date, last: date, as_of: datetime | None) -> list[Tenure]:
        """Return who was in an index between two dates, as far as it is known which instrument that is."""

    async def extremes(self, ids: Sequence[int], session: date, first: date, as_of: datetime | None) -> Extremes:
        """Count new highs and lows of a session over the sessions from `first` on, restated for splits."""
