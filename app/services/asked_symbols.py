"""What several reads ask first: whose symbols these are, and whether the range of dates is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.ports.reads import InstrumentReads


async def numbers_of(
    instruments: InstrumentReads, symbols: Sequence[str] | None
) -> tuple[tuple[int, ...] | None, list[str]]:
    """Return the numbers of the instruments with these symbols, and the symbols that nobody knows.

    No symbols (None) are no narrowing: None. Raises UnknownSubjectError when none of them is known.
    """
    if symbols is None:
        return None, []
    known = {instrument.symbol: instrument.id for instrument in await instruments.named(symbols)}
    unknown = [symbol for symbol in symbols if symbol not in known]
    if not known:
        raise UnknownSubjectError(nobody_knows(unknown))
    return tuple(known.values()), unknown


def require_range(from_: date | None, until: date | None) -> None:
    """Raise InvalidRequestError when a range of dates is empty; open ends are fine."""
    if from_ is not None and until is not None and from_ >= until:
        message = f"`from` ({from_}) must be before `until` ({until}), which is exclusive."
        raise InvalidRequestError(message)
