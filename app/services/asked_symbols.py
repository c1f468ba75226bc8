"""What several reads ask first: whose symbols these are, and whether the range of dates is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from app.ports.reads import InstrumentReads


class AskedSymbols(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the instruments that are meant, the symbols that nobody knows, and those of former ones now.

    No numbers (None) are no narrowing.
    """

    numbers: tuple[int, ...] | None = None
    unknown: list[str] = []
    renamed: dict[str, str] = {}


async def asked_symbols(
    instruments: InstrumentReads,
    symbols: Sequence[str] | None,
    as_of: datetime | None = None,
    until: date | None = None,
) -> AskedSymbols:
    """Tell whose symbols these are: now, or as was known then; a former one is whose it was last before `until`.

    Raises UnknownSubjectError when none of them is known.
    """
    if symbols is None:
        return AskedSymbols()
    meant = {each.asked: each for each in await instruments.meant(symbols, as_of, until)}
    unknown = [symbol for symbol in symbols if symbol not in meant]
    if not meant:
        raise UnknownSubjectError(nobody_knows(unknown))
    return AskedSymbols(
        numbers=tuple(dict.fromkeys(each.id for each in meant.values())),
        unknown=unknown,
        renamed={asked: each.symbol for asked, each in meant.items() if each.symbol != asked},
    )


def require_range(from_: date | None, until: date | None) -> None:
    """Raise InvalidRequestError when a range of dates is empty; open ends are fine."""
    if from_ is not None and until is not None and from_ >= until:
        message = f"`from` ({from_}) must be before `until` ({until}), which is exclusive."
        raise InvalidRequestError(message)
