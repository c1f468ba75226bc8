"""Read instruments: everyday reads through Piccolo, search through hand-written SQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, LiteralString

import msgspec
from piccolo.columns.combination import And, Or

from app.db.holders_sql import holder
from app.db.holders_sql import symbols as symbols_of
from app.db.tables.market import Instruments as InstrumentTable
from app.domain.instruments import Instrument
from app.ports.reads import Meant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.db.everyday import Everyday
    from app.ports.reads import InstrumentQuery

# Piccolo numbers its parameters, so that each is written once.
MEANT: Final[LiteralString] = """
WITH told AS (SELECT {}::text[] AS symbols, {}::timestamptz AS as_of, {}::date AS until)
SELECT q.symbol AS asked, i.id, i.symbol FROM [symbols] WHERE i.id IS NOT NULL ORDER BY q.position"""
ASKED: Final[LiteralString] = "(SELECT t.symbols FROM told t)"
UNTIL: Final[LiteralString] = "(SELECT until FROM told)"
MEANT_NOW: Final = MEANT.replace("[symbols]", symbols_of(holder(until=UNTIL), ASKED))
MEANT_THEN: Final = MEANT.replace("[symbols]", symbols_of(holder("(SELECT as_of FROM told)", UNTIL), ASKED))
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

    async def meant(self, symbols: Sequence[str], as_of: datetime | None, until: date | None) -> Sequence[Meant]:
        """Return whose these symbols are, or were last before `until`, in the order asked."""
        if not symbols:
            return []
        statement = MEANT_NOW if as_of is None else MEANT_THEN
        asked = InstrumentTable.raw(statement, list(symbols), as_of, until or date.max)
        return [Meant(**row) for row in await self.everyday.rows("instruments_meant", asked)]


def as_instrument(row: dict[str, Any]) -> Instrument:
    """Build an instrument of a row."""
    return Instrument(**row)
