"""Datasets: what a provider can be asked for, and what readers are told has changed."""

from __future__ import annotations

from enum import StrEnum


class Dataset(StrEnum):
    """One kind of fact that a provider can be asked for; names it in plans, fetches and settled dates."""

    BARS_DAILY = "bars_daily"
    INSTRUMENTS = "instruments"
    SPLITS = "splits"
    DIVIDENDS = "dividends"
    SYMBOL_BARS = "symbol_bars"
    PROFILES = "profiles"
    FUNDAMENTALS = "fundamentals"
    QUOTES = "quotes"
    EARNINGS = "earnings"
    NEWS = "news"


# What is asked for as the whole market's: a session, or page after page. The others go from instrument to instrument.
WHOLE_MARKET = frozenset({Dataset.BARS_DAILY, Dataset.INSTRUMENTS, Dataset.SPLITS, Dataset.DIVIDENDS, Dataset.EARNINGS})


class Watermark(StrEnum):
    """What readers cache by: one version each, moved in the transaction of every change and sent to `groat_changes`."""

    BARS_DAILY = "bars_daily"
    INSTRUMENTS = "instruments"
    INDEX_MEMBERSHIPS = "index_memberships"
    CORPORATE_ACTIONS = "corporate_actions"
    FUNDAMENTALS = "fundamentals"
    QUOTES = "quotes"
    EARNINGS = "earnings"
    NEWS = "news"
    QUARANTINE = "quarantine"
