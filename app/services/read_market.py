"""Read the market's day: how many shares rose and fell, how far, which most, and the sixty sessions around it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from app.domain.errors import UnknownSubjectError
from app.domain.index_memberships import INDICES
from app.domain.market_breadth import (
    Broad,
    Bucket,
    MarketSession,
    Sector,
    SessionReturns,
    broad_move,
    distribution,
    movers,
    percent,
    sector_moves,
    session_line,
)
from app.domain.market_returns import LOOK_BACK, session_returns
from app.ports.market import MONTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from app.domain.market_returns import Returns
    from app.ports.market import Extremes, MarketPanel, MarketReads, StoredSession, Tenure

# How many sessions are shown, and how many of them come after the one that is asked for, when it is older.
SHOWN: Final = 60
AHEAD: Final = 20
# New highs and lows are over a year.
YEAR: Final = timedelta(days=364)
# A session with fewer than this part of the most bars that one had is not whole.
WHOLE: Final = 0.5
# How many closes a mover's own line has.
RECENT: Final = 30


class Universe(StrEnum):
    """Whose shares count: all common shares that are stored, or an index's members of each day."""

    ALL = "all"
    SP500 = "sp500"
    NASDAQ100 = "nasdaq100"
    DOW30 = "dow30"


class MarketRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question: a session (None: the latest), whose shares, and as known when (aware UTC; None: now).

    `today` is the market's date (the as-of's) that nothing asked for is after.
    """

    session: date | None
    universe: Universe
    as_of: datetime | None
    today: date


class Mover(msgspec.Struct, frozen=True, kw_only=True):
    """A share that moved much; prices in dollars as traded.

    `previous_close` is the close before, restated for splits and dividends with this session as ex-date, and what the
    percentages are measured from. `recent` are the closes of up to 30 sessions until this one, restated for splits,
    null where there is no bar.
    """

    symbol: str
    name: str | None
    sector: str | None
    previous_close: float
    low: float
    high: float
    close: float
    change_percent: float
    low_percent: float
    high_percent: float
    volume: float
    dollar_volume: float
    recent: list[float | None]


class Movers(msgspec.Struct, frozen=True, kw_only=True):
    """Up to ten each of those that traded 1,000,000 dollars at least.

    By the change to the close (gainers, losers), by the lowest price of the day (deepest), by dollars traded (active).
    """

    gainers: list[Mover]
    losers: list[Mover]
    deepest: list[Mover]
    active: list[Mover]


class YearExtremes(msgspec.Struct, frozen=True, kw_only=True):
    """How many set a new high or low: a price beyond all of the sessions from `since` to the one before.

    That is the year before, as far as it is stored. `able` have bars from its first month, and only they count.
    """

    since: date
    able: int
    highs: int
    lows: int


class MarketDay(msgspec.Struct, frozen=True, kw_only=True):
    """A session in full. `previous` and `following` are the stored sessions before and after it."""

    line: MarketSession
    close_at: datetime
    previous: date | None
    following: date | None
    broad: Broad
    extremes: YearExtremes | None
    distribution: list[Bucket]
    sectors: list[Sector]
    movers: Movers


class MarketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A day (None while no bar is stored) and the sessions around it, oldest first."""

    day: MarketDay | None
    sessions: list[MarketSession]


async def read_market(store: MarketReads, asked: MarketRequest) -> MarketAnswer:
    """Return the market's day.

    Raises UnknownSubjectError when no bar of the session that is asked for is stored (or was known then), or nobody
    knows who is in the index.
    """
    # What is stored by now does not tell what was known then: the bars do.
    newest = await latest_whole(store, asked.today) if asked.as_of is None else asked.today
    if newest is None and asked.session is None:
        return MarketAnswer(day=None, sessions=[])
    calendar = await sessions_about(store, asked.session, newest)
    days = [each.session for each in calendar]
    if asked.session is not None and asked.session not in days:
        raise UnknownSubjectError(not_stored(asked))
    if not days:
        return MarketAnswer(day=None, sessions=[])
    read = await store.panel(days, asked.as_of)
    if asked.universe is not Universe.ALL:
        tenures = await store.tenures(asked.universe, days[0], days[-1], asked.as_of)
        if not tenures:
            message = (
                f"Who is in {INDICES[asked.universe].title} is not known yet: the pipeline `memberships` reads it."
            )
            raise UnknownSubjectError(message)
    else:
        tenures = None
    board = await asyncio.to_thread(Board, read, tenures)
    row = board.row_of(asked.session)
    if row is None:
        if asked.session is not None:
            raise UnknownSubjectError(not_stored(asked))
        return MarketAnswer(day=None, sessions=[])
    extremes = await year_extremes(store, board.ids(row), days[row], asked.as_of)
    return await asyncio.to_thread(told, board, row, calendar, extremes)


async def latest_whole(store: MarketReads, until: date) -> date | None:
    """Return the latest session of which most bars are stored: single companies' bars may come before the market's."""
    newest = await store.newest(until)
    if newest is None:
        return None
    calendar = await store.calendar(newest, SHOWN + LOOK_BACK)
    enough = max((each.stored for each in calendar), default=0) * WHOLE
    return next((each.session for each in reversed(calendar) if each.stored and each.stored >= enough), newest)


async def sessions_about(store: MarketReads, session: date | None, newest: date | None) -> list[StoredSession]:
    """Return the sessions to show and those before them that they are compared with, oldest first."""
    last = max((day for day in (newest, session) if day is not None), default=date.min)
    count = SHOWN + LOOK_BACK
    found = await store.calendar(last, count)
    if session is not None and found and session < found[min(LOOK_BACK, len(found) - 1)].session:
        # Some days more than that many sessions can last.
        margin = timedelta(days=2 * AHEAD)
        near = await store.calendar(min(last, session + margin), 2 * AHEAD + count)
        after = [i for i, each in enumerate(near) if each.session > session]
        end = after[min(AHEAD, len(after)) - 1] + 1 if after else len(near)
        found = near[max(0, end - count) : end]
    return found


def not_stored(asked: MarketRequest) -> str:
    """Say that there is nothing of a session, and why that may be."""
    if asked.as_of is not None:
        return f"No bar of {asked.session} was known at {asked.as_of.isoformat(timespec='seconds')}."
    return f"No bar of {asked.session} is stored: it may be no trading session, or is not fetched yet."


class Board:
    """The bars of the sessions around a day, and what each share did in each; `counted` are those of the universe."""

    def __init__(self, read: MarketPanel, tenures: Sequence[Tenure] | None) -> None:
        """Work out the returns."""
        self.listed = read.listed
        self.panel = read.panel
        self.returns: Returns = session_returns(read.panel)
        self.counted: npt.NDArray[np.bool_] = read.panel.present
        if tenures is not None:
            self.counted = self.counted & members(read, tenures)

    def row_of(self, session: date | None) -> int | None:
        """Return a session's row, or that of the latest of which most bars are there; None when there is none."""
        counts = self.panel.present.sum(axis=1)
        if session is None:
            rows = np.flatnonzero((counts > 0) & (counts >= counts.max(initial=0) * WHOLE))
        else:
            rows = np.flatnonzero((counts > 0) & (self.panel.sessions == np.datetime64(session, "D")))
        return int(rows[-1]) if len(rows) else None

    def columns(self, row: int) -> npt.NDArray[np.intp]:
        """Return who counts in a session."""
        return np.flatnonzero(self.counted[row])

    def ids(self, row: int) -> list[int]:
        """Return the numbers of those that count in a session."""
        return [self.listed[i].id for i in self.columns(row).tolist()]

    def bars(self, row: int) -> SessionReturns:
        """Return a session's bars of those that count."""
        at = row, self.columns(row)
        returns = self.returns
        return SessionReturns(
            open=returns.open[at],
            high=returns.high[at],
            low=returns.low[at],
            close=returns.close[at],
            volume=self.panel.volume[at],
            dollars=returns.dollars[at],
        )

    def recent(self, row: int, column: int) -> list[float | None]:
        """Return a share's closes up to a session, restated for what came after them."""
        rows = range(max(0, row - RECENT + 1), row + 1)
        found: list[float | None] = []
        factor = 1.0
        for at in reversed(rows):
            close = self.panel.close[at, column]
            found.append(round(float(close) * factor, 4) if np.isfinite(close) else None)
            factor *= float(np.exp(self.panel.splits[at, column]))
        return found[::-1]


def members(read: MarketPanel, tenures: Sequence[Tenure]) -> npt.NDArray[np.bool_]:
    """Mark who was in the index in each session."""
    column = {each.id: i for i, each in enumerate(read.listed)}
    days = read.panel.sessions
    marked = np.zeros(read.panel.close.shape, dtype=np.bool_)
    for tenure in tenures:
        at = column.get(tenure.instrument_id)
        if at is not None:
            inside = days >= np.datetime64(tenure.joined_on, "D")
            if tenure.left_on is not None:
                inside = inside & (days < np.datetime64(tenure.left_on, "D"))
            marked[:, at] |= inside
    return marked


async def year_extremes(
    store: MarketReads, ids: Sequence[int], session: date, as_of: datetime | None
) -> YearExtremes | None:
    """Count new highs and lows over the year before; None when less than its first month is stored."""
    counted: Extremes = await store.extremes(ids, session, session - YEAR, as_of)
    if counted.since is None or session - counted.since <= MONTH:
        return None
    return YearExtremes(since=counted.since, able=counted.able, highs=counted.highs, lows=counted.lows)


def told(board: Board, row: int, calendar: Sequence[StoredSession], extremes: YearExtremes | None) -> MarketAnswer:
    """Return a day, and the sessions around it."""
    stored = [i for i in range(len(calendar)) if board.panel.present[i].any()]
    bars, columns = board.bars(row), board.columns(row).tolist()
    chosen = movers(bars)
    sectors = [board.listed[i].sector for i in columns]
    lists = {name: [mover(board, row, columns[at]) for at in rows] for name, rows in chosen.items()}
    lines = {i: session_line(calendar[i].session, board.bars(i)) for i in {*stored[-SHOWN:], row}}
    at = stored.index(row)
    day = MarketDay(
        line=lines[row],
        close_at=calendar[row].close_at,
        previous=calendar[stored[at - 1]].session if at else None,
        following=calendar[stored[at + 1]].session if at + 1 < len(stored) else None,
        broad=broad_move(bars),
        extremes=extremes,
        distribution=distribution(bars),
        sectors=sector_moves(bars, sectors),
        movers=Movers(**lists),
    )
    return MarketAnswer(day=day, sessions=[lines[i] for i in sorted(lines)])


def mover(board: Board, row: int, column: int) -> Mover:
    """Return a share's day."""
    listed, panel, returns = board.listed[column], board.panel, board.returns
    at = row, column
    return Mover(
        symbol=listed.symbol,
        name=listed.name,
        sector=listed.sector,
        previous_close=round(float(returns.before[at]), 6),
        low=float(panel.low[at]),
        high=float(panel.high[at]),
        close=float(panel.close[at]),
        change_percent=percent(returns.close[at]),
        low_percent=percent(returns.low[at]),
        high_percent=percent(returns.high[at]),
        volume=float(panel.volume[at]),
        dollar_volume=float(returns.dollars[at]),
        recent=board.recent(row, column),
    )
