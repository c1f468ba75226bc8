"""Data quality: what the judge reads and writes, how the data stand, and who decides on held rows."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from app.domain.quality_opinions import BarPair
    from app.domain.quality_panel import Panel
    from app.domain.quality_series import Finding
    from app.ports.steps import UnitOfWork


class Unjudged(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the judge: whole sessions at a version each, and (instrument, ex-date) since an action changed.

    `stored` are all sessions of which bars are stored, in order; `rejudge_ids` name the rows behind `instruments`.
    """

    stored: list[date]
    versions: dict[date, int]
    instruments: list[tuple[int, date]]
    rejudge_ids: list[int]


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged: sessions of all instruments (None) or of some."""

    sessions: list[date]
    instruments: list[int] | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What an area's judgement found, and when (market time)."""

    area: Area
    findings: list[Finding]
    at: datetime


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """An open flag that a second provider might settle; `provider` is whose the bar, or the bar before the hole, is."""

    flag_id: int
    symbol: str
    session: date
    provider: str


class BarQuality(Protocol):
    """What the judge reads, and where its flags go."""

    async def unjudged(self) -> Unjudged:
        """Return what has changed since it was judged."""

    def panels(self, sessions: Sequence[date], instruments: Collection[int] | None) -> AsyncIterator[Panel]:
        """Yield the bars of those sessions, a few hundred instruments at a time; of all instruments for None."""

    async def held(self, sessions: Sequence[date]) -> set[tuple[int, date]]:
        """Return the (instrument, session) of which a row is in quarantine."""

    async def put(self, unit: UnitOfWork, judgement: Judgement) -> tuple[int, int]:
        """Store what is new, and resolve open flags of the area that were not found again; return how many of each."""

    async def judged(self, unit: UnitOfWork, unjudged: Unjudged) -> None:
        """Remember that these versions are judged."""

    async def pairs(self, sessions: Collection[date]) -> list[BarPair]:
        """Return stored bars beside other providers' that were not compared yet, or are of one of these sessions."""

    async def compared(self, unit: UnitOfWork, pairs: Sequence[BarPair], at: datetime) -> dict[str, int]:
        """Flag the pairs that differ, confirm the doubts about bars that agree; count both by name."""

    async def suspects(self, at: datetime, most: int) -> list[Suspect]:
        """Return open flags that nobody was asked about for a week, newest session first, one an instrument.

        Within any 24 hours (market time) there are `most` instruments at most.
        """

    async def asked(self, unit: UnitOfWork, suspects: Sequence[Suspect], at: datetime) -> None:
        """Remember that a second provider is asked about these."""


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """A row in quarantine: the rule that it broke, the evidence, the row as it was received, and what was decided."""

    id: int
    dataset: str
    symbol: str
    session: date | None
    rule: str
    evidence: dict[str, Any]
    row: dict[str, Any]
    provider: str
    fetch_id: int
    state: str
    known_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


class HeldQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for held rows, the latest first; `before_id` continues."""

    limit: int
    dataset: str | None = None
    rule: str | None = None
    symbol: str | None = None
    provider: str | None = None
    state: str | None = "held"
    before_id: int | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decides on a held row: who, why, when (market time)."""

    held_id: int
    decided_by: str
    reason: str
    at: datetime


class Quarantine(Protocol):
    """Rows that were held back."""

    async def page(self, query: HeldQuery) -> Sequence[HeldView]:
        """Return up to `limit` rows."""

    async def get(self, held_id: int) -> HeldView:
        """Return one row; raise UnknownSubjectError when there is none."""

    async def release(self, decision: Decision) -> HeldView:
        """Store the row as it is, as known from now on, and return it; releasing it twice is releasing it once.

        Raises InvalidRequestError for a row that cannot be stored (it stays held), UnknownSubjectError.
        """

    async def reject(self, decision: Decision) -> HeldView:
        """Close the case without storing the row, and return it; rejecting it twice is rejecting it once.

        Raises ConflictError for a row that was released, UnknownSubjectError.
        """


class FlagView(msgspec.Struct, frozen=True, kw_only=True):
    """A doubt about a stored bar, or about a hole: the rule, the evidence, and how it stands."""

    id: int
    symbol: str
    session: date
    rule: str
    evidence: dict[str, Any]
    state: str
    known_at: datetime
    decided_at: datetime | None
    decision: str | None


class FlagQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for flags, latest session first; `after` continues behind (session, id).

    `as_of` (aware UTC) asks for what was known then: which flags there were, and which of them were still open.
    """

    limit: int
    symbols: tuple[str, ...] | None = None
    rule: str | None = None
    state: str | None = None
    from_: date | None = None
    until: date | None = None
    as_of: datetime | None = None
    after: tuple[date, int] | None = None


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset's last stored reply: market and machine time, and from whom."""

    dataset: str
    known_at: datetime
    at: datetime
    provider: str


class SessionCount(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a session of the calendar; `settled` says that a whole answer was.

    `missing` counts the holes among the `flagged`: instruments that traded before and after, and have no bar of it.
    """

    session: date
    close_at: datetime
    settled: bool
    stored: int
    missing: int
    held: int
    flagged: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How all datasets stand.

    `ingested` has the last reply of each dataset that has one, `held` the rows in quarantine by dataset and rule,
    `flags` the open flags by rule, `asked` the share of active instruments that somebody was ever asked about, `swept`
    the last date that a whole answer settled, by dataset.
    """

    ingested: dict[str, Ingested]
    held: dict[str, dict[str, int]]
    flags: dict[str, int]
    asked: dict[str, float]
    swept: dict[str, date]
    sessions: list[SessionCount]


class QualityReads(Protocol):
    """How the data stand. None of these looks at bars."""

    async def overview(self, from_: date, until: date) -> Overview:
        """Return how all datasets stand, with the calendar's sessions from a date to before another."""

    async def calendar(self, from_: date, until: date) -> list[SessionCount]:
        """Return the calendar's sessions from a date to before another, in order."""

    async def flags(self, query: FlagQuery) -> Sequence[FlagView]:
        """Return up to `limit` flags."""
