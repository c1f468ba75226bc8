"""Quotes: what a provider says a share costs at a moment."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import msgspec

# A provider's clock may be a little ahead of ours; a quote from further on would be a look into the future.
CLOCK_SLACK = timedelta(minutes=5)
FIRST_YEAR = 1970
MOST_PRICE, MOST_VOLUME = 1e9, 1e13


class ReportedQuote(msgspec.Struct, frozen=True, kw_only=True):
    """One quote of one symbol, in dollars as traded. `at` is the provider's own time for it, aware UTC.

    Open, high, low and volume are the running day's; None where the provider does not say.
    """

    symbol: str
    at: datetime
    price: float
    open: float | None = None
    high: float | None = None
    low: float | None = None
    previous_close: float | None = None
    volume: float | None = None


def faults(quote: ReportedQuote, now: datetime) -> dict[str, str]:
    """Return what is wrong with a quote, by rule; empty when it may be stored. `now` is the market's time."""
    found: dict[str, str] = {}
    if quote.at.tzinfo is None or quote.at.year < FIRST_YEAR:
        found["time"] = f"its time is {quote.at.isoformat()}: one with a zone, from {FIRST_YEAR} on, was expected"
    elif quote.at > now + CLOCK_SLACK:
        found["future"] = f"its time is {quote.at.isoformat()}, and the market's is {now.isoformat()}"
    for name in ("price", "open", "high", "low", "previous_close"):
        value = getattr(quote, name)
        if value is not None and not (math.isfinite(value) and 0 < value <= MOST_PRICE):
            found["price"] = f"{name} is {value}: a finite number above 0 and at most {MOST_PRICE:g} was expected"
    if quote.high is not None and quote.low is not None and quote.low > quote.high:
        found["ohlc_order"] = f"low ({quote.low}) is above high ({quote.high})"
    if quote.volume is not None and not (math.isfinite(quote.volume) and 0 <= quote.volume <= MOST_VOLUME):
        found["volume"] = f"volume is {quote.volume}: a finite number from 0 to {MOST_VOLUME:g} was expected"
    return found
