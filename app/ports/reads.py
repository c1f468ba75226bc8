"""What reads need of the store: questions, answers as they lie there, and who can be asked."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.domain.adjustment import Dividend, Split
    from app.domain.bars import Adjustment, Timeframe
    from app.domain.instrument_search import SearchTable
    from app.domain.instruments import Instrument
    from app.domain.series import Series


class Shape(StrEnum):
    """How JSON bars are laid out: a list a column, or an object a bar."""

    COLUMNS = "columns"
    ROWS = "rows"


class BarQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for bars with nothing left to guess: equal questions have equal answers.

    `from_` is inclusive, `until` exclusive. `today` is the market's date up to which corporate actions have
    happened. `as_of` (aware UTC) asks for what was known then; None for what is known now. `last` keeps only
    that many of each symbol's latest bars.
    """

    symbols: tuple[str, ...]
    timeframe: Timeframe
    from_: date
    until: date
    adjusted: Adjustment
    today: date
    as_of: datetime | None = None
    last: int | None = None


class BarText(msgspec.Struct, frozen=True, kw_only=True):
    """Bars as JSON text that the store wrote: for each symbol found, the inside of its part of the answer.

    `renamed` tells of former symbols which one their instrument has.
    """

    watermark: str
    found: list[tuple[str, bytes]]
    unknown: list[str]
    renamed: dict[str, str] = {}


class RawBars(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument's raw daily bars, and the actions that may adjust them."""

    symbol: str
    series: Series
    splits: list[Split]
    dividends: list[Dividend]


class BarSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Raw bars of many symbols, in the order asked, all of one moment of the store; `renamed` as in BarText."""

    watermark: str
    found: list[RawBars]
    unknown: list[str]
    renamed: dict[str, str] = {}


class BarReads(Protocol):
    """Where bars are read. Every method raises DependencyDownError when the store does not answer."""

    async def count(self, query: BarQuery) -> int:
        """Count the daily bars that the question touches, over all its symbols."""

    async def text(self, query: BarQuery, shape: Shape) -> BarText | None:
        """Return JSON text of raw daily bars; None when that is not the answer, because an action applies."""

    async def raw(self, query: BarQuery) -> BarSnapshot:
        """Return raw daily bars from `from_` to `until` and the actions known that apply to them."""


class QuoteSource(StrEnum):
    """What a quote is taken from: the newer of both, or only the bars, or only what providers quoted."""

    LATEST = "latest"
    BARS = "bars"
    PROVIDERS = "providers"


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument's latest price as traded, and its change from the close before it.

    It comes of a bar, of which `at` is the session's close, or of a provider's own quote, of which it is the
    provider's time. A bar's `previous_close` is restated for splits with its session as ex-date, so that `change` is
    a holder's; a quote's is what the provider says, as are its day's open, high, low and volume.
    """

    symbol: str
    session: date
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None
    previous_close: float | None
    change: float | None
    change_percent: float | None
    at: datetime
    source: Literal["bar", "provider"]
    provider: str


class QuoteReads(Protocol):
    """Where quotes are read."""

    async def text(
        self, symbols: Sequence[str], source: QuoteSource = QuoteSource.LATEST, as_of: datetime | None = None
    ) -> BarText:
        """Return for each symbol its Quote as a JSON object, or an empty text when there is none yet.

        `as_of` (aware UTC) asks for what was known then; None for what is known now.
        """


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A corporate action as stored. Amounts are exact: they travel as strings."""

    id: int
    symbol: str
    kind: str
    ex_date: date
    split_from: Decimal | None
    split_to: Decimal | None
    cash_amount: Decimal | None
    currency: str | None
    dividend_type: str | None
    declared_on: date | None
    record_on: date | None
    pay_on: date | None
    provider: str
    known_at: datetime


class ActionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for corporate actions, latest ex-date first; `after` continues behind (ex_date, id).

    `instruments` are ids; None asks for the whole market.
    """

    instruments: tuple[int, ...] | None
    kind: str | None
    from_: date | None
    until: date | None
    as_of: datetime | None
    after: tuple[date, int] | None
    limit: int


class ActionReads(Protocol):
    """Where corporate actions are read."""

    async def page(self, query: ActionQuery) -> Sequence[Action]:
        """Return up to `limit` actions."""


class InstrumentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for instruments in the order of their symbols; `after` continues behind (symbol, id).

    `listed_on` asks for those that were listed on a day, `as_of` (aware UTC) for what was known then.
    """

    after: tuple[str, int] | None
    limit: int
    sector: str | None = None
    mic: str | None = None
    active: bool | None = None
    listed_on: date | None = None
    as_of: datetime | None = None


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol that was asked for, the number of its instrument, and the symbol that this has."""

    asked: str
    id: int
    symbol: str


class InstrumentReads(Protocol):
    """Where instruments are read."""

    async def page(self, query: InstrumentQuery) -> Sequence[Instrument]:
        """Return up to `limit` instruments."""

    async def meant(self, symbols: Sequence[str], as_of: datetime | None, until: date | None) -> Sequence[Meant]:
        """Return whose these symbols are, or were last before `until`, as far as is known or was known then.

        In the order asked; those that nobody has or had, or more than one may have had, are left out.
        """


class SearchReads(Protocol):
    """Where instruments are searched."""

    async def load(self) -> SearchTable:
        """Read every instrument into a table for the search in memory."""

    async def find(self, text: str, limit: int) -> list[bytes]:
        """Return the encoded forms of up to `limit` instruments that a text means, the best first."""


class WatermarkReads(Protocol):
    """Where the versions of datasets are read."""

    async def versions(self) -> Mapping[str, int]:
        """Return each dataset's version; a dataset that never changed is absent."""
