"""Read instruments: everyday reads through Piccolo, search through hand-written SQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec
from piccolo.columns.combination import And, Or

from app.db.tables.market import Instruments as InstrumentTable
from app.domain.instruments import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.everyday import Everyday
    from app.ports.reads import InstrumentQuery

COLUMNS: Final = tuple(getattr(InstrumentTable, field.name) for field in msgspec.structs.fields(Instrument))


class Instruments:
    """Instruments as `app.ports.reads.InstrumentReads` asks for them."""

    def __init__(self, everyday: Everyday) -> None:
        """Read through this engine."""
        self.everyday = everyday

    async def page(self, query: InstrumentQuery) -> Sequence[Instrument]:
        """Return up to `limit` instruments by symbol."""
        select = (
            InstrumentTable.select(*COLUMNS).order_by(InstrumentTable.symbol, InstrumentTable.id).limit(query.limit)
        )
        if query.after is not None:
            symbol, number = query.after
            same = And(InstrumentTable.symbol == symbol, InstrumentTable.id > number)
            select = select.where(Or(InstrumentTable.symbol > symbol, same))
        if query.sector is not None:
            select = select.where(InstrumentTable.sector == query.sector)
        if query.mic is not None:
            select = select.where(InstrumentTable.mic == query.mic)
        if query.active is not None:
            select = select.where(InstrumentTable.active.eq(query.active))
        return [as_instrument(row) for row in await self.everyday.rows("instruments_page", select)]

    async def named(self, symbols: Sequence[str]) -> Sequence[Instrument]:
        """Return who has each of these symbols, or had it last, in any order; those that nobody knows are left out."""
        if not symbols:
            return []
        select = InstrumentTable.select(*COLUMNS).where(InstrumentTable.symbol.is_in(list(symbols)))
        found = sorted(map(as_instrument, await self.everyday.rows("instruments_named", select)), key=lately)
        return list({instrument.symbol: instrument for instrument in found}.values())


def lately(instrument: Instrument) -> tuple[bool, date, int]:
    """Order the holders of one symbol: who has it, or had it last, comes last."""
    return instrument.active, instrument.delisted_on or date.min, instrument.id


def as_instrument(row: dict[str, Any]) -> Instrument:
    """Build an instrument of a row."""
    return Instrument(**row)
