"""The four free plans as the planner sees them, and companies to plan for."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from app.domain.datasets import Dataset
from app.domain.fetch_plan import Capacity, PlanState
from app.domain.plan_scenario import Future
from app.domain.plan_wants import NEVER_US, Answers, Universe
from app.domain.quotas import CallClass, Window

# A Monday, noon in London: the exchange has not opened yet.
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARKET = {Dataset.BARS_DAILY: 0, Dataset.SPLITS: 0, Dataset.DIVIDENDS: 0, Dataset.INSTRUMENTS: 0}
EACH = {Dataset.FUNDAMENTALS: 1, Dataset.PROFILES: 1, Dataset.NEWS: 1, Dataset.QUOTES: 1}
POLYGON = Capacity(
    provider="polygon",
    windows=(Window(max_calls=5, span_s=60),),
    subjects={**MARKET, Dataset.NEWS: 1, Dataset.SYMBOL_BARS: 1},
)
FINNHUB = Capacity(
    provider="finnhub",
    windows=(
        Window(max_calls=60, span_s=60),
        Window(max_calls=30, span_s=1),
        Window(max_calls=30, span_s=60, only=CallClass.BACKGROUND),
    ),
    subjects={**EACH, Dataset.EARNINGS: 0},
)
NEWSAPI = Capacity(
    provider="newsapi",
    windows=(Window(max_calls=100, span_s=90_000), Window(max_calls=50, span_s=43_200)),
    subjects={Dataset.NEWS: 20},
)
ALPHA_VANTAGE = Capacity(
    provider="alpha_vantage",
    windows=(Window(max_calls=25, span_s=90_000), Window(max_calls=1, span_s=1)),
    subjects={**EACH, Dataset.SYMBOL_BARS: 1},
)
ALL = (POLYGON, FINNHUB, NEWSAPI, ALPHA_VANTAGE)
PREFERRED = {
    Dataset.NEWS: ("newsapi", "finnhub", "polygon", "alpha_vantage"),
    Dataset.FUNDAMENTALS: ("finnhub", "alpha_vantage"),
    Dataset.PROFILES: ("finnhub", "alpha_vantage"),
    Dataset.QUOTES: ("finnhub", "alpha_vantage"),
    Dataset.SYMBOL_BARS: ("polygon", "alpha_vantage"),
    Dataset.EARNINGS: ("finnhub",),
    **dict.fromkeys(MARKET, ("polygon",)),
}


def universe(watchlist: int, index: int, other: int) -> Universe:
    """So many companies of each tier."""
    tiers = np.repeat(np.arange(3, dtype=np.int8), [watchlist, index, other])
    return Universe(symbols=tuple(f"S{number}" for number in range(tiers.size)), tiers=tiers)


def answers(count: int, ages: Mapping[int, timedelta], misses: Mapping[int, int] | None = None) -> Answers:
    """Answers so long ago at some positions; those with misses are asked again a day after."""
    found = Answers.none(count)
    now_us = round(NOW.timestamp() * 1e6)
    for position, age in ages.items():
        found.asked_us[position] = now_us - age // timedelta(microseconds=1)
        found.next_us[position] = found.asked_us[position]
    for position, missed in (misses or {}).items():
        found.misses[position] = missed
        found.next_us[position] = found.asked_us[position] + 86_400_000_000
    assert (found.asked_us >= NEVER_US).all()
    return found


def state(*providers: Capacity, **parts: Any) -> PlanState:
    """A state of the plan with these providers, in the usual order of preference."""
    names = {each.provider for each in providers}
    chains = {dataset: tuple(name for name in chain if name in names) for dataset, chain in PREFERRED.items()}
    return PlanState(**{"now": NOW, "today": NOW.date(), "providers": providers, "chains": chains, **parts})


def weekdays_before(day: date, count: int) -> tuple[date, ...]:
    """So many weekdays before a day, the newest first."""
    back = (day - timedelta(days=number) for number in range(1, 2 * count + 7))
    return tuple(each for each in back if each.weekday() < 5)[:count]


def sessions_from(day: date, days: int) -> list[Future]:
    """The sessions of the weekdays from a day on, in New York's winter."""
    found = []
    for each in (day + timedelta(days=number) for number in range(days)):
        if each.weekday() < 5:
            open_at = datetime(each.year, each.month, each.day, 14, 30, tzinfo=UTC)
            close_at = open_at + timedelta(hours=6.5)
            final_at = close_at + timedelta(hours=4)
            found.append(Future(session=each, open_at=open_at, close_at=close_at, final_at=final_at))
    return found
