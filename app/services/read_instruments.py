"""Read instruments: a page of them, or one by a symbol that it has or had, now or as known then."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.instrument_symbols import AMBIGUOUS, Tenure, holder, latest
from app.domain.instruments import Instrument
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.instrument_reads import Holding, InstrumentStory, PastInstrumentReads
    from app.ports.reads import InstrumentQuery, InstrumentReads


class InstrumentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the instrument of a symbol: that which had it on a day, or has it, or had it last."""

    symbol: str
    on: date | None = None
    as_of: datetime | None = None


class FoundInstrument(Instrument, frozen=True, kw_only=True):
    """An instrument, and the symbol by which it was found where that is not the one that it has now."""

    matched_symbol: str | msgspec.UnsetType = msgspec.UNSET


class ListedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of instruments, whether there are more, and of how many nothing tells whether they belong to it.

    `undated` is None unless a day was asked for, and on every page but the first.
    """

    items: Sequence[Instrument]
    more: bool
    undated: int | None = None


async def read_page(store: InstrumentReads, past: PastInstrumentReads, query: InstrumentQuery) -> ListedPage:
    """Return a page of instruments by symbol."""
    over_time = query.listed_on is not None or query.as_of is not None
    wider = msgspec.structs.replace(query, limit=query.limit + 1)
    found = await (past.listed(wider) if over_time else store.page(wider))
    counted = query.listed_on is not None and query.after is None
    undated = await past.undated(query) if counted else None
    return ListedPage(items=found[: query.limit], more=len(found) > query.limit, undated=undated)


async def read_one(past: PastInstrumentReads, asked: InstrumentRequest) -> FoundInstrument:
    """Return the instrument of a symbol.

    Raises UnknownSubjectError when there is none, InvalidRequestError when several are meant.
    """
    holdings = await past.holders(asked.symbol, asked.as_of)
    if not holdings:
        raise UnknownSubjectError(nobody_knows([asked.symbol]))
    instruments = {holding.instrument.id: holding.instrument for holding in holdings}
    found = instruments[chosen(asked, holdings)]
    facts = {name: getattr(found, name) for name in Instrument.__struct_fields__}
    if found.symbol == asked.symbol:
        return FoundInstrument(**facts)
    return FoundInstrument(**facts, matched_symbol=asked.symbol)


async def read_story(past: PastInstrumentReads, asked: InstrumentRequest) -> tuple[FoundInstrument, InstrumentStory]:
    """Return the instrument of a symbol and all that is known of it over time; raises as `read_one`."""
    found = await read_one(past, asked)
    return found, await past.story(found.id, asked.as_of)


def chosen(asked: InstrumentRequest, holdings: Sequence[Holding]) -> int:
    """Return the number of the instrument that is meant."""
    if asked.on is not None:
        number = holder([tenure(holding) for holding in holdings], asked.on)
        if number is None:
            message = f"Nobody known had the symbol {asked.symbol} on {asked.on}: {told(holdings)}."
            raise UnknownSubjectError(message)
        if number == AMBIGUOUS:
            message = f"It cannot be told who had the symbol {asked.symbol} on {asked.on}: {told(holdings)}."
            raise InvalidRequestError(message)
        return number
    own = [tenure(holding) for holding in holdings if holding.instrument.symbol == asked.symbol]
    present = latest(own)
    if present is not None:
        return present
    if len({holding.instrument.id for holding in holdings}) > 1:
        message = f"Several had the symbol {asked.symbol}: say `on` which day. {told(holdings)}."
        raise InvalidRequestError(message)
    return holdings[0].instrument.id


def tenure(holding: Holding) -> Tenure:
    """Return what decides who had a symbol."""
    found = holding.instrument
    return Tenure(instrument=found.id, start=holding.valid_from, end=holding.valid_to, active=found.active)


def told(holdings: Sequence[Holding]) -> str:
    """Say who had a symbol, and when."""
    return "; ".join(
        f"{holding.instrument.name or holding.instrument.symbol} (instrument {holding.instrument.id}) from "
        f"{holding.valid_from or 'an unknown day'} to before {holding.valid_to or 'an unknown day'}"
        for holding in holdings
    )
