"""Read the market's bars by session: through each instrument's own key, for there is no index on the session alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, cast

import numpy as np

from app.db.market_sql import ACTIONS, CALENDAR, EXTREMES, NEWEST, PANEL, TENURES, statement
from app.domain.quality_panel import COLUMNS, KnownAction, Panel, place_actions
from app.domain.sessions import US_EQUITIES
from app.ports.market import MONTH, Extremes, Listed, MarketPanel, StoredSession, Tenure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from app.db.engine import Database

EPOCH: Final = np.datetime64("2000-01-01", "D")


class Market:
    """The market as `app.ports.market.MarketReads` asks for it."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def newest(self, until: date) -> date | None:
        """Return the latest session, up to a date, of which bars are stored."""
        rows = await self._rows(NEWEST, {"until": until})
        return cast("date | None", rows[0][0])

    async def calendar(self, last: date, count: int) -> list[StoredSession]:
        """Return the calendar's last `count` sessions up to a date, in order."""
        rows = await self._rows(CALENDAR, {"mic": US_EQUITIES, "last": last, "count": count})
        found = [StoredSession(session=day, close_at=close_at, stored=stored) for day, close_at, stored in rows]
        return found[::-1]

    async def panel(self, sessions: Sequence[date], as_of: datetime | None) -> MarketPanel:
        """Return the bars of common shares over these sessions, in order, and the actions within them."""
        values = {"first": sessions[0], "last": sessions[-1], "as_of": as_of}
        rows = await self._rows(statement(PANEL, as_of), values)
        actions = await self._rows(statement(ACTIONS, as_of), values)
        days = np.array(sessions, dtype="datetime64[D]")
        ids = [row[0] for row in rows]
        columns = {name: np.full((len(days), len(rows)), np.nan) for name in COLUMNS}
        # All bars at once: a loop over ten thousand instruments would cost more than to read them.
        lengths = [len(row[4]) // 4 for row in rows]
        held_by = np.repeat(np.arange(len(rows)), lengths)
        packed_days = np.frombuffer(b"".join(row[4] for row in rows), dtype=">i4")
        at = EPOCH + packed_days.astype("timedelta64[D]")
        places = np.minimum(np.searchsorted(days, at), len(days) - 1)
        known = days[places] == at
        for i, name in enumerate(COLUMNS, start=5):
            values_of = np.frombuffer(b"".join(row[i] for row in rows), dtype=">f8")
            columns[name][places[known], held_by[known]] = values_of[known]
        names = ("instrument", "ex_date", "split_from", "split_to", "cash_amount")
        told = [KnownAction(**dict(zip(names, row, strict=True))) for row in actions]
        splits, cash = place_actions(days, ids, told)
        return MarketPanel(
            listed=[Listed(id=row[0], symbol=row[1], name=row[2], sector=row[3]) for row in rows],
            panel=Panel(sessions=days, instruments=ids, splits=splits, cash=cash, **columns),
        )

    async def tenures(self, index: str, first: date, last: date, as_of: datetime | None) -> list[Tenure]:
        """Return who was in an index between two dates, as far as it is known which instrument that is."""
        values = {"index": index, "first": first, "last": last, "as_of": as_of}
        rows = await self._rows(statement(TENURES, as_of), values)
        return [Tenure(instrument_id=number, joined_on=joined, left_on=left) for number, joined, left in rows]

    async def extremes(self, ids: Sequence[int], session: date, first: date, as_of: datetime | None) -> Extremes:
        """Count new highs and lows of a session over the sessions from `first` on."""
        values = {"ids": list(ids), "session": session, "first": first, "month": MONTH.days, "as_of": as_of}
        [(since, able, highs, lows)] = await self._rows(statement(EXTREMES, as_of), values)
        return Extremes(since=since, able=able, highs=highs, lows=lows)

    async def _rows(self, sql: LiteralString, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        async with self._database.connection("market") as connection:
            # Planned for these dates each time: a plan for any dates would look into every chunk.
            cursor = await connection.execute(sql, values, binary=True, prepare=False)
            return cast("list[tuple[Any, ...]]", await cursor.fetchall())
