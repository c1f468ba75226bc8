"""Read instruments: a page of them, or one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import UnknownSubjectError
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.instruments import Instrument
    from app.ports.reads import InstrumentQuery, InstrumentReads


async def read_page(store: InstrumentReads, query: InstrumentQuery) -> tuple[Sequence[Instrument], bool]:
    """Return a page of instruments by symbol, and whether there are more."""
    found = await store.page(msgspec.structs.replace(query, limit=query.limit + 1))
    return found[: query.limit], len(found) > query.limit


async def read_one(store: InstrumentReads, symbol: str) -> Instrument:
    """Return the instrument of a symbol; raise UnknownSubjectError when there is none."""
    found = await store.named([symbol])
    if not found:
        raise UnknownSubjectError(nobody_knows([symbol]))
    return found[0]
