"""Alpha Vantage's replies as they come: every name has its number, and most numbers are texts."""

from __future__ import annotations

import msgspec

from app.providers.client.wire import (
    LongText,
    Text,
    Title,
    Told,
    UnsoundError,
    Url,
    number,
    unexpected,
)


class Meta(msgspec.Struct):
    """What a series says of itself."""

    symbol: str = msgspec.field(name="2. Symbol")
    zone: str = msgspec.field(name="5. Time Zone")


class Series(msgspec.Struct):
    """A symbol's bars by date."""

    meta: Meta = msgspec.field(name="Meta Data")
    bars: dict[str, msgspec.Raw] = msgspec.field(name="Time Series (Daily)")


class Bar(msgspec.Struct):
    """One session's bar; an adjusted series has no volume under this name."""

    open: Told = msgspec.field(name="1. open")
    high: Told = msgspec.field(name="2. high")
    low: Told = msgspec.field(name="3. low")
    close: Told = msgspec.field(name="4. close")
    volume: Told = msgspec.field(name="5. volume")

    def numbers(self) -> tuple[float, ...]:
        """Return open, high, low, close and volume; raise UnsoundError when one is none."""
        found = [number(told) for told in (self.open, self.high, self.low, self.close, self.volume)]
        if None in found:
            raise UnsoundError(unexpected(None, "a price or a volume"))
        return tuple(value for value in found if value is not None)


class Quote(msgspec.Struct):
    """The last trading day of a symbol."""

    symbol: str = msgspec.field(name="01. symbol")
    price: Told = msgspec.field(name="05. price")
    trading_day: str = msgspec.field(name="07. latest trading day")
    open: Told = msgspec.field(name="02. open", default=None)
    high: Told = msgspec.field(name="03. high", default=None)
    low: Told = msgspec.field(name="04. low", default=None)
    volume: Told = msgspec.field(name="06. volume", default=None)
    previous_close: Told = msgspec.field(name="08. previous close", default=None)


class QuoteBody(msgspec.Struct):
    """A quote; an empty object where the symbol is unknown."""

    quote: msgspec.Raw = msgspec.field(name="Global Quote")


class TickerScore(msgspec.Struct):
    """The provider's score of an article for one ticker."""

    ticker: str
    score: Told = msgspec.field(name="ticker_sentiment_score", default=None)
    label: Text | None = msgspec.field(name="ticker_sentiment_label", default=None)


class Story(msgspec.Struct):
    """One article."""

    title: Title
    url: Url
    time_published: str
    source: Text | None = None
    authors: list[str] | None = None
    summary: LongText | None = None
    banner_image: object = None
    score: Told = msgspec.field(name="overall_sentiment_score", default=None)
    label: Text | None = msgspec.field(name="overall_sentiment_label", default=None)
    ticker_sentiment: list[TickerScore] | None = None


class Feed(msgspec.Struct):
    """Articles."""

    feed: msgspec.Raw
