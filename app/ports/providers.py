"""Data providers: what they can do, what they answer, and how they fail."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from app.domain.errors import GroatError
from app.domain.quotas import Outcome

if TYPE_CHECKING:
    from app.domain.actions import ReportedAction
    from app.domain.bars import DailyBars
    from app.domain.datasets import Dataset
    from app.domain.quality import HeldRow
    from app.domain.quotas import Allowance


class Ability(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can be asked for on its plan.

    `history` is how far back from today (None: all of it) and `since` the first day, whichever is later;
    `final_delay` is how long after a session's close its data are final.
    """

    dataset: Dataset
    history: timedelta | None = None
    since: date | None = None
    final_delay: timedelta = timedelta(0)


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


class DailyReply(msgspec.Struct, frozen=True, kw_only=True):
    """The whole market's bars of one session: rows as received, and those that could not even be read."""

    session: date
    bars: DailyBars
    unreadable: list[HeldRow]
    payload: Payload


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


class TickersReply(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a provider's list; `cursor` asks for the next page, None after the last."""

    tickers: list[ListedTicker]
    unreadable: list[HeldRow]
    cursor: str | None
    payload: Payload


class ActionsReply(msgspec.Struct, frozen=True, kw_only=True):
    """One page of corporate actions; `cursor` asks for the next page, None after the last."""

    actions: list[ReportedAction]
    unreadable: list[HeldRow]
    cursor: str | None
    payload: Payload


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

    async def daily_bars(self, session: date) -> DailyReply:
        """Ask for every US stock's raw bar of one session: one call."""

    async def tickers(self, cursor: str | None = None) -> TickersReply:
        """Ask for one page of the active US stocks: one call."""

    async def actions(self, dataset: Dataset, since: date, cursor: str | None = None) -> ActionsReply:
        """Ask for one page of the splits, or the dividends, with ex-dates from a date on: one call."""


class Providers(Protocol):
    """The providers that have a key, in order of preference for each dataset."""

    def all(self) -> tuple[Provider, ...]:
        """Return every provider."""

    def get(self, name: str) -> Provider:
        """Return one by name; raise UnknownSubjectError when it has no key or does not exist."""

    def able(self, dataset: Dataset) -> tuple[Provider, ...]:
        """Return those that can be asked for a dataset, the preferred one first."""
