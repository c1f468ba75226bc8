"""Data providers: what they can do, what they answer, and how they fail."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from app.domain.datasets import Dataset
from app.domain.errors import GroatError
from app.domain.quotas import Outcome

if TYPE_CHECKING:
    from app.domain.actions import ReportedAction
    from app.domain.bars import DailyBars
    from app.domain.earnings import ReportedEarnings
    from app.domain.fundamentals import CompanyFacts
    from app.domain.news import Article
    from app.domain.quality import HeldRow
    from app.domain.quotas import Allowance
    from app.domain.quotes import ReportedQuote


class Ability(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can be asked for on its plan.

    `history` is how far back from today (None: all of it) and `since` the first day, whichever is later;
    `final_delay` is how long after a session's close its data are final, and `embargo` how old an article must be.
    `subjects` is how many companies one call may be about (0: the whole market); `cost` what a call counts for.
    """

    dataset: Dataset
    history: timedelta | None = None
    since: date | None = None
    final_delay: timedelta = timedelta(0)
    embargo: timedelta = timedelta(0)
    subjects: int = 0
    cost: int = 1


class Retry(StrEnum):
    """What to do after a failure.

    ``later``: the same call again after a known time, no attempt is charged. ``again``: the same call again with
    backoff, and each attempt is charged. ``never``: not this subject. ``stop``: nothing of this dataset (or, for
    a bad key, of this provider) until the operator acts or the refusal is due to be asked again.
    """

    LATER = "later"
    AGAIN = "again"
    NEVER = "never"
    STOP = "stop"


RETRY: Mapping[Outcome, Retry] = {
    Outcome.RATE_LIMITED: Retry.LATER,
    Outcome.BURST: Retry.LATER,
    Outcome.UNSENT: Retry.LATER,
    Outcome.NOT_YET_FINAL: Retry.NEVER,
    Outcome.NOT_FOUND: Retry.NEVER,
    Outcome.BAD_REQUEST: Retry.NEVER,
    Outcome.NOT_ENTITLED: Retry.STOP,
    Outcome.BAD_KEY: Retry.STOP,
    Outcome.MALFORMED: Retry.AGAIN,
    Outcome.SERVER_ERROR: Retry.AGAIN,
    Outcome.UNREACHABLE: Retry.AGAIN,
}


class ProviderError(GroatError):
    """A provider did not give what was asked for.

    `wait_s` (machine seconds) goes with ``later``; `out_of_range` says that only the asked date is refused,
    not the whole dataset.
    """

    code = "provider"

    def __init__(self, message: str, *, outcome: Outcome, wait_s: float = 0.0, out_of_range: bool = False) -> None:
        """Say what happened, in words without secrets."""
        super().__init__(message)
        self.outcome = outcome
        self.wait_s = wait_s
        self.out_of_range = out_of_range

    @property
    def retry(self) -> Retry:
        """Say what to do next."""
        return Retry.NEVER if self.out_of_range else RETRY[self.outcome]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply was, byte for byte: its SHA-256 and its size."""

    sha256: bytes
    size: int


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What every reply has: what it was, the rows that could not be read, and where the next page is.

    `cursor` asks for the next page; None after the last, and where there are no pages.
    """

    payload: Payload
    unreadable: list[HeldRow]
    cursor: str | None = None


class DailyReply(Reply, frozen=True, kw_only=True):
    """The whole market's bars of one session, as received."""

    session: date
    bars: DailyBars


class SymbolBarsReply(Reply, frozen=True, kw_only=True):
    """One symbol's raw daily bars, as received, oldest first."""

    symbol: str
    bars: DailyBars


class ListedTicker(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a provider's list of instruments."""

    symbol: str
    name: str | None = None
    mic: str | None = None
    type: str | None = None
    currency: str | None = None
    cik: str | None = None
    figi: str | None = None
    active: bool = True
    delisted_on: date | None = None


class TickersReply(Reply, frozen=True, kw_only=True):
    """One page of a provider's list."""

    tickers: list[ListedTicker]


class ActionsReply(Reply, frozen=True, kw_only=True):
    """One page of corporate actions."""

    actions: list[ReportedAction]


class CompanyReply(Reply, frozen=True, kw_only=True):
    """What is told of one company; empty facts where the provider knows nothing of it."""

    company: CompanyFacts


class QuoteReply(Reply, frozen=True, kw_only=True):
    """One quote; None where the provider has none for the symbol."""

    quote: ReportedQuote | None


class EarningsReply(Reply, frozen=True, kw_only=True):
    """The reports of a range of dates."""

    earnings: list[ReportedEarnings]


class NewsReply(Reply, frozen=True, kw_only=True):
    """Articles, the newest first. `total` is how many the provider says there are, where it does."""

    articles: list[Article]
    total: int | None = None


Answer = TypeVar("Answer", bound=Reply)


class Question(msgspec.Struct, Generic[Answer], frozen=True, kw_only=True):
    """One call's worth of asking; what it asks for decides which reply comes back."""

    dataset: Dataset


class BarsOfDay(Question[DailyReply], frozen=True, kw_only=True):
    """Ask for every US stock's raw bar of one session."""

    dataset: Dataset = Dataset.BARS_DAILY
    session: date


class BarsOfSymbol(Question[SymbolBarsReply], frozen=True, kw_only=True):
    """Ask for one symbol's raw daily bars, from a date to another (both included), as far as the plan goes.

    `until` is the last session that is final; None where that does not matter.
    """

    dataset: Dataset = Dataset.SYMBOL_BARS
    symbol: str
    since: date
    until: date | None = None


class TickersPage(Question[TickersReply], frozen=True, kw_only=True):
    """Ask for one page of the US stocks: those that are listed, or those that were."""

    dataset: Dataset = Dataset.INSTRUMENTS
    cursor: str | None = None
    active: bool = True


class ActionsPage(Question[ActionsReply], frozen=True, kw_only=True):
    """Ask for one page of the splits, or the dividends, with ex-dates from a date on."""

    since: date
    cursor: str | None = None


class CompanyOf(Question[CompanyReply], frozen=True, kw_only=True):
    """Ask for a company's profile, or its fundamentals."""

    symbol: str


class QuoteOf(Question[QuoteReply], frozen=True, kw_only=True):
    """Ask what a share costs."""

    dataset: Dataset = Dataset.QUOTES
    symbol: str


class EarningsBetween(Question[EarningsReply], frozen=True, kw_only=True):
    """Ask for the reports of every US company from a date to another, both included."""

    dataset: Dataset = Dataset.EARNINGS
    first: date
    last: date


class NewsAbout(Question[NewsReply], frozen=True, kw_only=True):
    """Ask for articles about companies, published from `since` to before `until` (aware UTC).

    `companies` maps each symbol to the company's name, for providers that know no symbols.
    """

    dataset: Dataset = Dataset.NEWS
    companies: dict[str, str]
    since: datetime
    until: datetime
    cursor: str | None = None


class Provider(Protocol):
    """A source of market data. It declares; the registry and the plan decide.

    Every call is reserved in the ledger before it leaves. The methods raise LaterError when there is no slot soon,
    ProviderError for every other failure.
    """

    @property
    def name(self) -> str:
        """Name the provider in plans, rows and messages."""

    @property
    def host(self) -> str:
        """Return the host that is called."""

    @property
    def abilities(self) -> Mapping[Dataset, Ability]:
        """Return what it can be asked for."""

    @property
    def allowance(self) -> Allowance:
        """Return what its key may spend."""

    async def ask(self, question: Question[Answer]) -> Answer:
        """Ask one question: one call. It must be of a dataset among the abilities."""


class Providers(Protocol):
    """The providers that have a key, in order of preference for each dataset."""

    def all(self) -> tuple[Provider, ...]:
        """Return every provider."""

    def get(self, name: str) -> Provider:
        """Return one by name; raise UnknownSubjectError when it has no key or does not exist."""

    def able(self, dataset: Dataset) -> tuple[Provider, ...]:
        """Return those that can be asked for a dataset, the preferred one first."""
