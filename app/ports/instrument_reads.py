"""What reads of instruments over time need of the store."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from app.domain.instruments import Instrument  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.reads import InstrumentQuery


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's tenure of a symbol: from a session to before another, null where that is not known."""

    instrument: Instrument
    valid_from: date | None
    valid_to: date | None


class SymbolTenure(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol that an instrument has, or had, from a session to before another; null where that is not known."""

    symbol: str
    valid_from: date | None
    valid_to: date | None
    provider: str
    known_at: datetime


class PastFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of an instrument from `known_at` until `superseded_at` (null: still)."""

    symbol: str
    name: str | None
    mic: str | None
    type: str | None
    currency: str | None
    sector: str | None
    industry: str | None
    cik: str | None
    active: bool
    listed_on: date | None
    delisted_on: date | None
    provider: str
    known_at: datetime
    superseded_at: datetime | None


class OwnMembership(msgspec.Struct, frozen=True, kw_only=True):
    """An index that an instrument was a member of, from `joined_on` to before `left_on` (null: it still is)."""

    index: str
    symbol: str
    name: str
    joined_on: date
    left_on: date | None
    source: str
    known_at: datetime


class InstrumentStory(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one instrument over time, the oldest first."""

    symbols: list[SymbolTenure]
    facts: list[PastFacts]
    memberships: list[OwnMembership]


class PastInstrumentReads(Protocol):
    """Where instruments over time are read; `as_of` is None for what is known now."""

    async def listed(self, query: InstrumentQuery) -> Sequence[Instrument]:
        """Return up to `limit` instruments."""

    async def undated(self, query: InstrumentQuery) -> int:
        """Count those of which nothing tells whether they were listed on the day."""

    async def holders(self, symbol: str, as_of: datetime | None) -> list[Holding]:
        """Return every instrument that has, or had, a symbol."""

    async def story(self, instrument: int, as_of: datetime | None) -> InstrumentStory:
        """Return what is known of one instrument over time."""


class IndexSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An index whose members are known: how many it has, since when they are known, and from where.

    `size` is how many companies it is made of by its own rules: a source that has fewer `members` does not know all.
    """

    index: str
    title: str
    size: int
    members: int
    since: date
    source: str
    known_at: datetime


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an index: `symbol` and `name` are the source's; `instrument` is null where none is known to be it."""

    symbol: str
    name: str
    joined_on: date
    instrument: Instrument | None


class IndexReads(Protocol):
    """Where the members of indices are read."""

    async def summaries(self, on: date, as_of: datetime | None) -> list[IndexSummary]:
        """Return every index that is known, with the number of its members on a day."""

    async def members(self, index: str, on: date, as_of: datetime | None) -> list[Member]:
        """Return who was a member on a day, by symbol."""


class ChangeKind(StrEnum):
    """What can change in what is known of an instrument."""

    BARS_CORRECTED = "bars_corrected"
    BARS_LATE = "bars_late"
    SPLIT = "split"
    DIVIDEND = "dividend"
    PROFILE = "profile"
    FUNDAMENTALS = "fundamentals"
    EARNINGS = "earnings"
    LISTING = "listing"


class InstrumentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What changed of one kind on a day, `on`, in New York: `count` subjects, of which the last 12 are named.

    Subjects are sessions of bars, ex-dates of actions, report dates of earnings, providers of profiles and
    fundamentals, and the symbol of a listing. `earliest` is the first of them in order.
    """

    on: date
    kind: ChangeKind
    count: int
    earliest: str
    subjects: list[str]


class ChangeReads(Protocol):
    """Where it is read when what is known of an instrument changed."""

    async def changes(self, instrument: int, as_of: datetime | None, limit: int) -> list[InstrumentChange]:
        """Return up to `limit` changes, the latest day first."""
