"""Store a row that was held back, as it is: under its own fetch, known from the release on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import psycopg

from app.db.actions_ingest import ADD, SUPERSEDE, described
from app.db.bars_ingest import merged, packed
from app.db.fetch_log import storable
from app.db.quality_counts import count_bars
from app.domain.actions import ReportedAction
from app.domain.bars import DailyBars
from app.domain.datasets import Dataset, Watermark
from app.domain.errors import InvalidRequestError
from app.domain.quality import MAX_TRADES, valid_symbol
from app.ports.providers import Payload
from app.ports.stores import Fetched

if TYPE_CHECKING:
    from datetime import datetime

    from app.db.engine import Connection
    from app.db.instrument_ids import InstrumentIds
    from app.ports.quality import HeldView

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('bars_daily'), %s::date - '2000-01-01')"
BARS: Final = frozenset({Dataset.BARS_DAILY, Dataset.SYMBOL_BARS})
ACTIONS: Final = frozenset({Dataset.SPLITS, Dataset.DIVIDENDS})


class BarRow(msgspec.Struct, frozen=True, kw_only=True):
    """A held bar, as `app.domain.quality.hold` wrote it; what was no number is a text there, and is refused here."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None = None
    trades: int | None = None


async def release_row(unit: Connection, held: HeldView, at: datetime, ids: InstrumentIds) -> list[Watermark]:
    """Store the row in the open transaction, and return the watermarks that it moves.

    Raises InvalidRequestError, saying why, for a row that the table cannot hold.
    """
    if not valid_symbol(held.symbol):
        raise refused(held, "its ticker is no valid one")
    try:
        if held.dataset in BARS:
            return await release_bar(unit, held, at, ids)
        if held.dataset in ACTIONS:
            return await release_action(unit, held, at, ids)
    except psycopg.IntegrityError as e:
        raise refused(held, f"the table refuses it ({e.diag.constraint_name or e.diag.message_primary})") from None
    except (psycopg.DataError, msgspec.ValidationError) as e:
        raise refused(held, f"it has not the fields and types that the table has ({str(e).splitlines()[0]})") from None
    raise refused(held, f"rows of {held.dataset} cannot be stored one by one")


async def release_bar(unit: Connection, held: HeldView, at: datetime, ids: InstrumentIds) -> list[Watermark]:
    """Store a bar; one that is stored for the session already becomes a revision."""
    if held.session is None:
        raise refused(held, "its session is not known")
    row = msgspec.convert(held.row, BarRow)
    if row.trades is not None and not 0 <= row.trades <= MAX_TRADES:
        raise refused(held, "its number of trades is beyond what the table holds")
    await unit.execute(LOCK, [held.session])
    fetched = source(held, at)
    [number], made = await ids.of(unit, [held.symbol], fetched, on=held.session)
    if not number:
        raise refused(held, "it cannot be told whose ticker it was on that day")
    block = packed(bars_of(held, row), np.array([number], dtype=np.int32), fetched, held.fetch_id)
    added, _ = await merged(unit, block, {"first": held.session, "last": held.session})
    await count_bars(unit, added)
    return [Watermark.BARS_DAILY, *([Watermark.INSTRUMENTS] if made else [])]


async def release_action(unit: Connection, held: HeldView, at: datetime, ids: InstrumentIds) -> list[Watermark]:
    """Store a split or a dividend; it supersedes the provider's earlier word of the same reference."""
    action = msgspec.convert(held.row, ReportedAction)
    fetched = source(held, at)
    [number], made = await ids.of(unit, [action.symbol], fetched, on=action.ex_date)
    if not number:
        raise refused(held, "it cannot be told whose ticker it was on that day")
    values = {
        "rows": storable([described(action, number)]),
        "provider": held.provider,
        "now": at,
        "fetch": held.fetch_id,
    }
    await unit.execute(SUPERSEDE, values)
    await unit.execute(ADD, values)
    return [Watermark.CORPORATE_ACTIONS, *([Watermark.INSTRUMENTS] if made else [])]


def source(held: HeldView, at: datetime) -> Fetched:
    """Say where the row comes from, and since when it counts as known."""
    return Fetched(
        provider=held.provider,
        dataset=Dataset(held.dataset),
        subject=str(held.session or ""),
        payload=Payload(sha256=b"", size=0),
        known_at=at,
        step=f"quarantine/{held.id}",
    )


def bars_of(held: HeldView, row: BarRow) -> DailyBars:
    """Return one bar in columns."""
    prices = {name: np.array([getattr(row, name)]) for name in ("open", "high", "low", "close", "volume")}
    return DailyBars(
        symbols=[held.symbol],
        sessions=np.array([held.session], dtype="datetime64[D]"),
        vwap=np.array([np.nan if row.vwap is None else row.vwap]),
        trades=np.array([-1 if row.trades is None else row.trades]),
        **prices,
    )


def refused(held: HeldView, why: str) -> InvalidRequestError:
    """Say why the row stays held."""
    message = (
        f"Row {held.id} ({held.symbol}, {held.dataset}, {held.rule}) cannot be released: {why}. It stays "
        f"{held.state}; reject it, or let a corrected reply of its provider replace it."
    )
    return InvalidRequestError(message)
