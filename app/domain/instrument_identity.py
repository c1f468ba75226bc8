"""Is that the same security? What a list of tickers says is matched with what is known, by evidence only."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

# A sweep may have been cut short, or a ticker left out by mistake: once missing is not gone.
SWEEPS_MISSED: Final = 2


class Identified(Protocol):
    """What tells one security from another."""

    @property
    def name(self) -> str | None:
        """Return the name of the company or the fund."""

    @property
    def cik(self) -> str | None:
        """Return the SEC's number of the company: its share classes have the same."""

    @property
    def figi(self) -> str | None:
        """Return the composite FIGI: it stays when the ticker changes."""


class Listed(Identified, Protocol):
    """A row of a provider's list."""

    @property
    def symbol(self) -> str:
        """Return the ticker."""

    @property
    def delisted_on(self) -> date | None:
        """Return the last day on which it was traded."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A stored instrument. `listed` tells that a sweep of the active ones has had it, `misses` how many have not since.

    `last_bar` is the last session of its bars where it matters: for one of which nothing but bars is known.
    """

    id: int
    symbol: str
    name: str | None = None
    cik: str | None = None
    figi: str | None = None
    active: bool = True
    delisted_on: date | None = None
    listed: bool = False
    misses: int = 0
    last_bar: date | None = None

    @property
    def is_nameless(self) -> bool:
        """Tell whether nothing but its symbol is known, as of one that was made of bars."""
        return self.name is None and self.cik is None and self.figi is None


class Verdict(StrEnum):
    """What a row of a list means for what is stored."""

    KNOWN = "known"
    NEW = "new"
    DELISTED = "delisted"
    WAITS = "waits"
    FORMER = "former"
    AMBIGUOUS = "ambiguous"


class Match(msgspec.Struct, frozen=True):
    """A verdict on a row, and the instrument that it is about.

    `ended` has given its symbol up to the row's (KNOWN, NEW); `also` is the same company, made of bars (FORMER).
    """

    verdict: Verdict
    instrument: int | None = None
    ended: int | None = None
    also: int | None = None


def same(one: Identified, other: Identified) -> bool | None:
    """Tell whether two are one security: True and False are proven, None when nothing speaks either way.

    Equal FIGIs prove it, whatever the CIK: a company may be reorganised. Then the CIK decides, for a FIGI may have
    been corrected; then the FIGI; and when neither is there on both sides, equal names.
    """
    if one.figi and other.figi and one.figi == other.figi:
        return True
    if one.cik and other.cik:
        return one.cik == other.cik
    if one.figi and other.figi:
        return False
    if one.name and other.name and one.name.casefold() == other.name.casefold():
        return True
    return None


def match_active(row: Listed, holders: Sequence[Known]) -> Match:
    """Judge a row of the list of active tickers; `holders` have its symbol, or had it last.

    Who holds the symbol is meant unless that is proven wrong: then another company has taken it over. One that
    was delisted is meant only when that is proven.
    """
    current = next((known for known in holders if known.active), None)
    if current and same(row, current) is not False:
        return Match(Verdict.KNOWN, current.id)
    ended = current.id if current else None
    back = [known for known in holders if not known.active and same(row, known)]
    if len(back) > 1:
        return Match(Verdict.AMBIGUOUS)
    return Match(Verdict.KNOWN, back[0].id, ended) if back else Match(Verdict.NEW, None, ended)


def match_inactive(row: Listed, holders: Sequence[Known], twins: Sequence[Known], *, trusted: bool = False) -> Match:
    """Judge a row of the list of tickers that are no longer traded; `twins` have its FIGI.

    A twin under another symbol was renamed: the row's symbol is a former one of it. An instrument that is still
    active is delisted when `SWEEPS_MISSED` sweeps of the active list have lacked it (one, when none ever had it);
    `trusted` spares the wait.
    """
    if twins:
        own = [known for known in twins if known.symbol == row.symbol] or list(twins)
        if len(own) == 1 and own[0].symbol != row.symbol:
            alike = [known.id for known in holders if known.is_nameless and ended_by(known, row)]
            return Match(Verdict.FORMER, own[0].id, also=alike[0] if len(alike) == 1 else None)
        return judged(own, trusted=trusted)
    able = [known for known in holders if same(row, known) is not False]
    proofs = (
        [known for known in able if same(row, known)],
        [known for known in able if known.delisted_on is not None and known.delisted_on == row.delisted_on],
        [known for known in able if known.is_nameless and ended_by(known, row)],
        able if trusted and not row.name else [],
    )
    return judged(next((proof for proof in proofs if proof), []), trusted=trusted)


def judged(meant: Sequence[Known], *, trusted: bool) -> Match:
    """Decide on a row of the list of those no longer traded by the instruments that it may mean."""
    if not meant:
        return Match(Verdict.NEW)
    if len(meant) > 1:
        return Match(Verdict.AMBIGUOUS)
    known = meant[0]
    if not known.active:
        return Match(Verdict.KNOWN, known.id)
    missed = known.misses >= (SWEEPS_MISSED if known.listed else 1)
    return Match(Verdict.DELISTED if missed or trusted else Verdict.WAITS, known.id)


def ended_by(known: Known, row: Listed) -> bool:
    """Tell whether an instrument that was made of bars had none after the row's last day."""
    return known.last_bar is None or (row.delisted_on is not None and known.last_bar <= row.delisted_on)
