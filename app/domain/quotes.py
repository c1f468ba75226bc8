"""Quotes: what a provider says a share costs at a moment."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time

import msgspec


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
