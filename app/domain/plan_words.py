"""The plan's reasons, in words for people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.plan_wants import DAY, HOUR, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.domain.plan_wants import Want

MINUTE = timedelta(minutes=1)
TWICE = 2
TIER_WORDS = {Tier.WATCHLIST: "the watchlist", Tier.INDEX: "the index", Tier.OTHER: "the other instruments"}
# Which key makes a provider of the dataset available.
KEYS = {
    Dataset.BARS_DAILY: "POLYGON_API_KEY",
    Dataset.INSTRUMENTS: "POLYGON_API_KEY",
    Dataset.SPLITS: "POLYGON_API_KEY",
    Dataset.DIVIDENDS: "POLYGON_API_KEY",
    Dataset.SYMBOL_BARS: "POLYGON_API_KEY or ALPHA_VANTAGE_API_KEY",
    Dataset.NEWS: "FINNHUB_API_KEY or NEWS_API_KEY",
}


def keyless(dataset: Dataset) -> str:
    """Say that nobody can be asked."""
    return f"no provider of this dataset has a key: set {KEYS.get(dataset, 'FINNHUB_API_KEY')}"


def named(days: Sequence[date]) -> str:
    """Name a set of sessions in few words."""
    if len(days) == 1:
        return days[0].isoformat()
    return f"{min(days)} to {max(days)} ({len(days)} sessions)"


def counted(count: int, noun: str) -> str:
    """Write a number and its noun."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def span(duration: timedelta) -> str:
    """Write a span of time in one unit: 45 min, 26 h, 30 d."""
    for unit, word in ((DAY, "d"), (HOUR, "h")):
        if duration >= TWICE * unit:
            return f"{duration / unit:.0f} {word}"
    return f"{duration / MINUTE:.0f} min"


def why(want: Want, tier: Tier, symbols: Sequence[str], age: timedelta | None, late: float) -> str:
    """Say why a call is made: how old what is known is, and how old it should be."""
    whose = f"{want.provider}'s " if want.provider else ""
    of = symbols[0] if len(symbols) == 1 else f"{len(symbols)} companies"
    what = f"{whose}{want.dataset} of {of}"
    period = want.periods[tier]
    if want.dataset is Dataset.SYMBOL_BARS:
        return f"{of} lacks bars on settled sessions"
    if age is None:
        return f"{what}: never had, for {TIER_WORDS[tier]}"
    return f"{what}: {span(age)} old, wanted every {span(period or DAY)} ({late:.1f}x)"
