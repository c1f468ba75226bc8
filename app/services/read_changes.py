"""Read on which days what is known of an instrument changed: where an as-of can stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.ports.instrument_reads import InstrumentChange  # noqa: TC001  msgspec reads annotations at run time
from app.services.read_instruments import FoundInstrument, InstrumentRequest, read_one

if TYPE_CHECKING:
    from datetime import datetime

    from app.ports.instrument_reads import ChangeReads, PastInstrumentReads


class ChangesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the latest changes of the instrument of a symbol."""

    asked: InstrumentRequest
    limit: int

    @property
    def as_of(self) -> datetime | None:
        """Tell as of when is asked."""
        return self.asked.as_of


class InstrumentChanges(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument, and when what is known of it changed: the latest day first; `more` says that there are others."""

    instrument: FoundInstrument
    items: list[InstrumentChange]
    more: bool


async def read_changes(past: PastInstrumentReads, store: ChangeReads, wanted: ChangesRequest) -> InstrumentChanges:
    """Return up to `limit` changes; raises as `read_one` does."""
    instrument = await read_one(past, wanted.asked)
    found = await store.changes(instrument.id, wanted.as_of, wanted.limit + 1)
    return InstrumentChanges(instrument=instrument, items=found[: wanted.limit], more=len(found) > wanted.limit)
