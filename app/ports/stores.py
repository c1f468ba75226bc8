"""Where ingested facts go. What takes a unit of work writes in the step's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from app.domain.actions import ReportedAction
    from app.domain.bars import DailyBars
    from app.domain.datasets import Dataset
    from app.domain.earnings import ReportedEarnings
    from app.domain.fetch_plan import Refusal
    from app.domain.fundamentals import CompanyFacts
    from app.domain.gaps import Span
    from app.domain.index_memberships import Alias, Membership
    from app.domain.quality import HeldRow
    from app.domain.quotas import Allowance
    from app.domain.quotes import ReportedQuote
    from app.domain.sessions import Session
    from app.ports.providers import ListedTicker, Payload
    from app.ports.steps import UnitOfWork


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Where facts come from: who was asked for what by which step, what the reply was, and when (market time).

    `held` are the reply's rows that may not be stored; `settles` is what the answer settles, None when it does not.
    """

    provider: str
    dataset: Dataset
    subject: str
    payload: Payload
    known_at: datetime
    step: str
    held: Sequence[HeldRow] = ()
    settles: Span | None = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a reply's rows. `held` counts those that quarantine did not have yet."""

    rows: int
    inserted: int = 0
    changed: int = 0
    held: int = 0
    instruments: int = 0
    withdrawn: int = 0

    @property
    def unchanged(self) -> int:
        """Count the rows that were there already."""
        return self.rows - self.inserted - self.changed


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier reply for a session: how many sound rows it had, and when it was stored (market time)."""

    rows: int
    known_at: datetime


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep of one kind of corporate action: all with ex-dates from `since` on, begun at `began` (market time)."""

    kind: Literal["split", "dividend"]
    since: date
    began: datetime


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a sweep over a provider's list, planned on the market day `on`; `last` ends the sweep.

    `active` is the list of what is traded; the other one holds what no longer is.
    """

    on: date
    active: bool
    last: bool


class Sessions(Protocol):
    """The stored calendar of trading sessions."""

    async def between(self, mic: str, first: date, last: date) -> list[Session]:
        """Return an exchange's sessions from a date to another, both included, in order."""

    async def following(self, mic: str, session: date) -> date | None:
        """Return the next session after a date; None past the horizon."""

    async def horizon(self, mic: str) -> date | None:
        """Return the last session that is stored; None when there is none."""

    async def put(self, sessions: Sequence[Session], now: datetime) -> int:
        """Store an exchange's calendar and return how many rows that changed.

        Sessions after `now` that are no longer in it are removed; past ones stay.
        """


class Coverage(Protocol):
    """What providers have answered for."""

    async def settled(self, dataset: Dataset) -> tuple[Span, ...]:
        """Return the settled dates of the whole market, merged and in order."""

    async def under_way(self) -> frozenset[tuple[str, str]]:
        """Return the (dataset, subject) of what open pipeline steps fetch already."""

    async def neighbours(self, dataset: Dataset, session: date, count: int) -> list[int]:
        """Return how many rows the settled sessions nearest to this one had."""

    async def earlier(self, dataset: Dataset, session: date) -> list[Neighbour]:
        """Return the stored replies for a session, the latest first, ten at most."""

    async def refusals(self, allowance: Allowance) -> list[Refusal]:
        """Return what the provider refused this key."""

    async def refuse(self, unit: UnitOfWork, allowance: Allowance, refusal: Refusal, now: datetime) -> None:
        """Remember a refusal; one of single dates widens an earlier one."""

    async def settle(self, unit: UnitOfWork, dataset: Dataset, span: Span) -> None:
        """Mark the whole market's dates as answered for."""

    async def stored_by(self, run_id: int) -> list[tuple[Dataset, Stored]]:
        """Sum up what the steps of a run stored, by dataset."""


class BarsIngest(Protocol):
    """Daily bars on their way in."""

    async def store(self, unit: UnitOfWork, bars: DailyBars, fetched: Fetched) -> Stored:
        """Store sound bars: unchanged ones are skipped, the old values of changed ones are kept as revisions.

        Unknown symbols become instruments. Idempotent: storing the same bars again changes nothing.
        """


class InstrumentsIngest(Protocol):
    """Lists of instruments on their way in."""

    async def store(
        self, unit: UnitOfWork, tickers: Sequence[ListedTicker], fetched: Fetched, page: ListPage | None = None
    ) -> Stored:
        """Store what the list says; what it leaves out is kept as it was, and nothing is ever deleted.

        An instrument keeps its number when its ticker changes; a ticker that another company took over is another
        instrument. What cannot be told is held. Without a `page` the rows are taken at their word: what they call
        inactive is delisted at once. Idempotent.
        """


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question about instruments: which of its symbols the answer knew (`found`), and when it came (market time)."""

    dataset: Dataset
    provider: str
    symbols: Sequence[str]
    found: Collection[str]
    at: datetime


class MembershipChange(msgspec.Struct, frozen=True, kw_only=True):
    """What storing memberships changed: how many came, were superseded, and were linked with an instrument."""

    added: int
    superseded: int
    linked: int


class MembershipsIngest(Protocol):
    """Members of indices on their way in."""

    async def count(self, unit: UnitOfWork) -> int:
        """Count the memberships that are stored."""

    async def put(
        self, unit: UnitOfWork, memberships: Sequence[tuple[Membership, list[Alias]]], source: str, now: datetime
    ) -> MembershipChange:
        """Store all memberships as they are known now, each with the tickers that the member had.

        What is no longer told is superseded and kept. Each is linked with an instrument where there is evidence.
        """


class Asks(Protocol):
    """When each instrument was last asked about."""

    async def record(self, unit: UnitOfWork, asked: Asked) -> None:
        """Write down that instruments were asked about, and which of them the answer knew."""


class ActionsIngest(Protocol):
    """Corporate actions on their way in."""

    async def store(
        self, unit: UnitOfWork, actions: Sequence[ReportedAction], fetched: Fetched, sweep: Sweep | None = None
    ) -> Stored:
        """Store sound actions: unchanged ones are skipped, changed ones supersede the old row, which stays.

        With a `sweep`, of which these are the last, what it no longer reported is ended as well; but nothing when
        that would be many: then the sweep is more likely to have been cut short.
        """


class Listing(Protocol):
    """Which symbols are instruments."""

    async def known(self, symbols: Collection[str]) -> frozenset[str]:
        """Return those of the symbols that are instruments."""


class CompanyIngest(Protocol):
    """What is told of companies on its way in."""

    async def store(self, unit: UnitOfWork, company: CompanyFacts, fetched: Fetched) -> Stored:
        """Store sound facts when one differs from what this provider said before; the old ones stay as they were known.

        Empty facts, and those of a symbol that is no instrument, change nothing.
        """


class QuotesIngest(Protocol):
    """Providers' quotes on their way in."""

    async def store(self, unit: UnitOfWork, quotes: Sequence[ReportedQuote], fetched: Fetched) -> Stored:
        """Store sound quotes: the same moment with the same values is nothing new, with others it is a correction."""


class EarningsIngest(Protocol):
    """Earnings reports on their way in."""

    async def store(
        self, unit: UnitOfWork, earnings: Sequence[ReportedEarnings], fetched: Fetched, swept: Span | None = None
    ) -> Stored:
        """Store sound reports, each (symbol, fiscal quarter) once: changed ones supersede the old row, which stays.

        With `swept` they are all of the provider's with a report date in it, and what it no longer has is ended;
        but nothing when that would be many.
        """


class SymbolBarsIngest(Protocol):
    """One symbol's bars on their way in, beside the whole market's."""

    async def store(self, unit: UnitOfWork, bars: DailyBars, fetched: Fetched) -> Stored:
        """Fill sessions without a bar; where there is one, keep these as another opinion of it."""
