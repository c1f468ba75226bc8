"""Polygon's replies as they come: the envelope, and a Struct for each kind of row."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from typing import Annotated

import msgspec

from app.domain.actions import ReportedAction
from app.providers.client.wire import LongText, Symbol, Text, Title, Url  # noqa: TC001  the same

Millis = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
# The SEC's number of a company, of which nothing but digits is one.
Cik = Annotated[str, msgspec.Meta(pattern="^([0-9]{1,10})?$")]
Count = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


class Envelope(msgspec.Struct):
    """What every reply has, or may have."""

    status: object = None
    error: object = None
    message: object = None
    adjusted: bool | None = None
    results: msgspec.Raw = msgspec.Raw(b"null")
    ticker: str | None = None
    results_count: int | None = msgspec.field(default=None, name="resultsCount")
    next_url: str | None = None


class Bar(msgspec.Struct, kw_only=True):
    """One session's bar; `t` is a time within the session."""

    open: float = msgspec.field(name="o")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    close: float = msgspec.field(name="c")
    volume: float = msgspec.field(name="v")
    at_ms: Millis = msgspec.field(name="t")
    vwap: float | None = msgspec.field(name="vw", default=None)
    trades: Count | None = msgspec.field(name="n", default=None)


class GroupedBar(Bar, kw_only=True):
    """One ticker of a grouped daily reply."""

    symbol: str = msgspec.field(name="T")


class Ticker(msgspec.Struct):
    """One line of the list of tickers."""

    ticker: Symbol
    name: Text | None = None
    primary_exchange: Text | None = None
    type: Text | None = None
    currency_name: Text | None = None
    cik: Cik | None = None
    composite_figi: Text | None = None
    active: bool = True
    delisted_utc: datetime | None = None


class Publisher(msgspec.Struct):
    """Who published an article."""

    name: Text | None = None


class Insight(msgspec.Struct):
    """The provider's word on an article for one ticker: positive, neutral or negative."""

    ticker: Symbol
    sentiment: Text | None = None


class Story(msgspec.Struct):
    """One article."""

    title: Title
    article_url: Url
    published_utc: datetime
    id: Text | None = None
    publisher: Publisher | None = None
    author: Text | None = None
    tickers: list[str] | None = None
    image_url: object = None
    description: LongText | None = None
    insights: list[Insight] | None = None


class SplitRow(msgspec.Struct):
    """One split."""

    ticker: Symbol
    execution_date: date
    split_from: Decimal
    split_to: Decimal
    id: Text | None = None

    def action(self) -> ReportedAction:
        """Return it in our terms."""
        return ReportedAction(
            ref=self.id or f"split:{self.ticker}:{self.execution_date}",
            symbol=self.ticker,
            kind="split",
            ex_date=self.execution_date,
            split_from=self.split_from,
            split_to=self.split_to,
        )


class DividendRow(msgspec.Struct):
    """One cash dividend."""

    ticker: Symbol
    ex_dividend_date: date
    cash_amount: Decimal
    currency: Text | None = None
    dividend_type: Text | None = None
    frequency: int | None = None
    declaration_date: date | None = None
    record_date: date | None = None
    pay_date: date | None = None
    id: Text | None = None

    def action(self) -> ReportedAction:
        """Return it in our terms."""
        key = f"dividend:{self.ticker}:{self.ex_dividend_date}:{self.dividend_type}:{self.frequency}"
        return ReportedAction(
            ref=self.id or key,
            symbol=self.ticker,
            kind="dividend",
            ex_date=self.ex_dividend_date,
            cash_amount=self.cash_amount,
            currency=self.currency.upper() if self.currency else None,
            dividend_type=self.dividend_type,
            declared_on=self.declaration_date,
            record_on=self.record_date,
            pay_on=self.pay_date,
        )
