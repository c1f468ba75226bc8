"""What reads of company facts, earnings, provenance and disagreements need of the store."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from app.domain.datasets import Dataset  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Sequence


class CompanyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for what is told of a company; `as_of` (aware UTC) asks for what was known then."""

    symbol: str
    dataset: Dataset
    as_of: datetime | None = None


class ToldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider tells of a company, and since when it is known."""

    provider: str
    facts: dict[str, float | str]
    known_at: datetime


class CompanyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What every provider tells of a company; None when no instrument has or had the symbol.

    `renamed` tells of a former symbol which one its instrument has.
    """

    watermark: str
    told: list[ToldFacts] | None
    renamed: dict[str, str] = {}


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the values of one fact over time, latest first; `after` continues behind such a value."""

    symbol: str
    fact: str
    provider: str | None
    as_of: datetime | None
    after: tuple[datetime, str, str] | None
    limit: int


class FactValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a fact, from `known_at` until `superseded_at` (null: still); null when the provider left it out."""

    value: float | str | None
    provider: str
    dataset: Dataset
    known_at: datetime
    superseded_at: datetime | None


class HistoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Values of a fact; None when no instrument has or had the symbol. `renamed` as in CompanyAnswer."""

    watermark: str
    values: list[FactValue] | None
    renamed: dict[str, str] = {}


class CompanyReads(Protocol):
    """Where company facts are read. Both methods raise DependencyDownError when the store does not answer."""

    async def told(self, query: CompanyQuery) -> CompanyAnswer:
        """Return what each provider tells of a company, by provider's name."""

    async def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return up to `limit` values of a fact, each where it changed."""


class Earnings(msgspec.Struct, frozen=True, kw_only=True):
    """A quarter's report as one provider tells of it. Revenue in whole dollars; null is not known, or not yet."""

    id: int
    symbol: str
    fiscal_year: int
    fiscal_quarter: int
    report_date: date
    report_time: Literal["before_open", "after_close", "in_session"] | None
    eps_estimate: float | None
    eps_actual: float | None
    revenue_estimate: float | None
    revenue_actual: float | None
    provider: str
    known_at: datetime


class EarningsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for reports, latest report date first; `after` continues behind (report date, id).

    `instruments` are ids; None asks for the whole market. `from_` is inclusive, `until` exclusive.
    """

    instruments: tuple[int, ...] | None
    from_: date | None
    until: date | None
    provider: str | None
    as_of: datetime | None
    after: tuple[date, int] | None
    limit: int


class EarningsReads(Protocol):
    """Where earnings are read."""

    async def page(self, query: EarningsQuery) -> Sequence[Earnings]:
        """Return up to `limit` reports."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A stored value and where it comes from: who was asked for what, what the reply was, which step stored it.

    It was what was known from `known_at` until `superseded_at` (null: still). `payload_sha256` is in hexadecimal.
    The fetch's part is null for a row that was not fetched.
    """

    value: dict[str, Any]
    provider: str
    known_at: datetime
    superseded_at: datetime | None
    fetch_id: int | None
    asked: str | None
    payload_sha256: str | None
    payload_bytes: int | None
    step: str | None


class OriginQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the origins of one value: a bar's session, an action's ex-date, a fact's name, an article's id.

    `day` is the session of bars, the ex-date of actions, the market day of quotes, the report date of earnings.
    """

    dataset: Dataset
    symbol: str | None
    day: date | None
    fact: str | None
    article: int | None
    as_of: datetime | None
    limit: int


class OriginAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A value's origins; None when nobody has or had the symbol, or the article. `renamed` as in CompanyAnswer."""

    origins: list[Origin] | None
    renamed: dict[str, str] = {}


class OriginReads(Protocol):
    """Where origins are read."""

    async def origins(self, query: OriginQuery) -> OriginAnswer:
        """Return a value's origins, what is known now first."""


class Disputed(StrEnum):
    """What providers are compared in; each has its DisagreementReads."""

    FUNDAMENTALS = "fundamentals"
    BARS = "bars"


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider says, and since when that is known."""

    provider: str
    value: float | str
    known_at: datetime


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that providers tell differently: of a symbol, `subject` (a fact's name, or a session and a field).

    `difference` is the span of the values over the largest of them; it is above `tolerance`.
    """

    symbol: str
    subject: str
    difference: float
    tolerance: float
    opinions: list[Opinion]


class DisagreementQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for disagreements in the order of (symbol, subject); `after` continues behind such a pair.

    `instruments` are their numbers; None asks for all.
    """

    instruments: tuple[int, ...] | None
    as_of: datetime | None
    after: tuple[str, str] | None
    limit: int


class DisagreementReads(Protocol):
    """Where the disagreements of one dataset are found."""

    async def page(self, query: DisagreementQuery) -> Sequence[Disagreement]:
        """Return up to `limit` disagreements."""
