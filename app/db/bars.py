"""Read bars: as JSON text that PostgreSQL writes, or as packed columns for what needs arithmetic."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from app.db import bars_sql
from app.db.joined_reads import JoinedReads
from app.db.lanes import array_literal
from app.domain.adjustment import Dividend, Split
from app.domain.bars import Adjustment
from app.domain.series import Series, empty
from app.ports.reads import BarQuery, BarSnapshot, BarText, RawBars, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from app.db.lanes import Lanes

KINDS: Final = {Adjustment.NONE: "{}", Adjustment.SPLITS: "{split}", Adjustment.ALL: "{split,dividend}"}
STATEMENTS: Final = {Shape.COLUMNS: bars_sql.TEXT_COLUMNS, Shape.ROWS: bars_sql.TEXT_ROWS}
# PostgreSQL counts days from here.
DAY_ZERO: Final = np.datetime64("2000-01-01", "D")


class StoredAction(msgspec.Struct, frozen=True):
    """An action as the statement writes it."""

    kind: str
    ex_date: date
    split_from: Decimal | None
    split_to: Decimal | None
    cash_amount: Decimal | None
    foreign: bool
    close_before: float | None
    session_before: date | None


ACTIONS: Final = msgspec.json.Decoder(list[StoredAction])


class Bars:
    """Bars as `app.ports.reads.BarReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes
        self.joined = JoinedReads(lanes)

    async def count(self, query: BarQuery) -> int:
        """Count the daily bars that the question touches, over all its symbols."""
        symbols, from_, until, *_ = parameters(query)
        rows = await self.lanes.rows("bars_count", bars_sql.COUNT, (symbols, from_, until))
        return int(rows[0][0] or b"0")

    async def text(self, query: BarQuery, shape: Shape) -> BarText | None:
        """Return JSON text of raw daily bars; None where an action applies, so that it is not the answer."""
        _, *rest = parameters(query)
        days = (query.until - query.from_).days
        rows = await self.joined.rows("bars_text", STATEMENTS[shape], query.symbols, tuple(rest), days=days)
        found: list[tuple[str, bytes]] = []
        unknown: list[str] = []
        renamed: dict[str, str] = {}
        for _, symbol, instrument, text, present in rows:
            name = (symbol or b"").decode()
            if present is not None:
                renamed[name] = present.decode()
            if instrument is None:
                unknown.append(name)
            elif text is None:
                return None
            else:
                found.append((name, text))
        return BarText(watermark=watermark(rows), found=found, unknown=unknown, renamed=renamed)

    async def raw(self, query: BarQuery) -> BarSnapshot:
        """Return raw daily bars and the actions that apply to them, now or as they were known then."""
        if query.as_of is None:
            rows = await self.lanes.rows("bars_raw", bars_sql.RAW_NOW, parameters(query))
        else:
            as_of = (*parameters(query), query.as_of.isoformat())
            rows = await self.lanes.rows("bars_as_of", bars_sql.RAW_THEN, as_of)
        found: list[RawBars] = []
        unknown: list[str] = []
        renamed: dict[str, str] = {}
        for _, symbol, instrument, *columns, actions, present in rows:
            name = (symbol or b"").decode()
            if present is not None:
                renamed[name] = present.decode()
            if instrument is None:
                unknown.append(name)
            else:
                stored = ACTIONS.decode(actions) if actions else []
                found.append(
                    RawBars(symbol=name, series=unpack(columns), splits=splits(stored), dividends=dividends(stored))
                )
        return BarSnapshot(watermark=watermark(rows), found=found, unknown=unknown, renamed=renamed)


def parameters(query: BarQuery) -> tuple[str, str, str, str, str]:
    """Return a question as the statements' parameters."""
    return (
        array_literal(query.symbols),
        query.from_.isoformat(),
        query.until.isoformat(),
        KINDS[query.adjusted],
        query.today.isoformat(),
    )


def watermark(rows: Sequence[Sequence[bytes | None]]) -> str:
    """Return the watermark that every row bears."""
    return (rows[0][0] or b"").decode() if rows else ""


def unpack(columns: Sequence[bytes | None]) -> Series:
    """Build a series of packed columns; no bars come as nulls."""
    days, *prices = columns
    if days is None:
        return empty()
    numbers = np.frombuffer(days, dtype=">i4").astype("timedelta64[D]")
    opened, high, low, close, volume = (floats(column or b"") for column in prices)
    return Series(sessions=DAY_ZERO + numbers, open=opened, high=high, low=low, close=close, volume=volume)


def floats(column: bytes) -> npt.NDArray[np.float64]:
    """Return packed doubles in the machine's order."""
    return np.frombuffer(column, dtype=">f8").astype(np.float64)


def splits(stored: Sequence[StoredAction]) -> list[Split]:
    """Return the splits among stored actions."""
    return [
        Split(ex_date=action.ex_date, split_from=action.split_from, split_to=action.split_to)
        for action in stored
        if action.split_from is not None and action.split_to is not None
    ]


def dividends(stored: Sequence[StoredAction]) -> list[Dividend]:
    """Return the cash dividends among stored actions."""
    return [
        Dividend(
            ex_date=action.ex_date,
            amount=action.cash_amount,
            close_before=action.close_before,
            session_before=action.session_before,
            foreign=action.foreign,
        )
        for action in stored
        if action.cash_amount is not None
    ]
