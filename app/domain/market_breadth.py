"""The market's day in figures: how many rose and fell, how far, in which sectors, and who moved most.

Percent are percent (1.5 is 1.5 %), measured from the close before. A figure over nobody is None.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

# The histogram's inner edges, in percent: a bar for each percent, and one for all beyond at each end.
EDGES = tuple(range(-10, 11))
# Falls (and rises) that are counted as deep ones, in percent.
DEEP = 10.0
DECIMALS = 4
# What a share must have traded to be named among the movers: below it a single order moves the price.
LEAST_DOLLARS = 1_000_000.0
MOST_MOVERS = 10


class SessionReturns(msgspec.Struct, frozen=True, kw_only=True):
    """One session's bars: arrays of the same length, an instrument each that has a bar; returns are fractions.

    The returns are NaN for who cannot be compared with a close before.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    dollars: Floats


class MarketSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session in one line. `compared` of the `traded` have a close before, and only they count in the rest.

    The medians are over each share's own close and own lowest and highest price, which do not fall at one moment.
    """

    session: date
    traded: int
    compared: int
    advancers: int
    decliners: int
    unchanged: int
    median_percent: float | None
    median_low_percent: float | None
    median_high_percent: float | None
    dollar_volume: float


class Broad(msgspec.Struct, frozen=True, kw_only=True):
    """What shares did on the whole: every share counts the same but in `weighted_percent` (by dollars traded).

    `fell_deep_at_low` counts those whose lowest price was 10 % or more below the close before, `fell_deep` those whose
    close was; `volume_up` and `volume_down` are the shares traded of those that rose and fell.
    """

    mean_percent: float | None
    weighted_percent: float | None
    lower_quartile_percent: float | None
    upper_quartile_percent: float | None
    median_open_percent: float | None
    fell_deep_at_low: int
    fell_deep: int
    volume_up: float
    volume_down: float


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many closed from a percentage to below another; None is without end."""

    from_percent: float | None
    until_percent: float | None
    count: int


class Sector(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of a sector: None is that of which no sector is stored."""

    sector: str | None
    compared: int
    advancers: int
    decliners: int
    mean_percent: float | None
    weighted_percent: float | None
    dollar_volume: float


def session_line(session: date, bars: SessionReturns) -> MarketSession:
    """Return a session in one line."""
    known = np.isfinite(bars.close)
    moved = bars.close[known]
    return MarketSession(
        session=session,
        traded=len(bars.close),
        compared=len(moved),
        advancers=int((moved > 0).sum()),
        decliners=int((moved < 0).sum()),
        unchanged=int((moved == 0).sum()),
        median_percent=middle(moved),
        median_low_percent=middle(bars.low[known]),
        median_high_percent=middle(bars.high[known]),
        dollar_volume=float(bars.dollars.sum()),
    )


def broad_move(bars: SessionReturns) -> Broad:
    """Return what shares did on the whole."""
    known = np.isfinite(bars.close)
    moved = bars.close[known]
    return Broad(
        mean_percent=percent(moved.mean()) if len(moved) else None,
        weighted_percent=weighted(moved, bars.dollars[known]),
        lower_quartile_percent=middle(moved, 0.25),
        upper_quartile_percent=middle(moved, 0.75),
        median_open_percent=middle(bars.open[known]),
        fell_deep_at_low=int((in_percent(bars.low[known]) <= -DEEP).sum()),
        fell_deep=int((in_percent(moved) <= -DEEP).sum()),
        volume_up=float(bars.volume[bars.close > 0].sum()),
        volume_down=float(bars.volume[bars.close < 0].sum()),
    )


def distribution(bars: SessionReturns) -> list[Bucket]:
    """Return how many closed in each percent, from the deepest fall on; the counts add up to those compared."""
    moved = in_percent(bars.close[np.isfinite(bars.close)])
    counts = np.bincount(np.searchsorted(EDGES, moved, side="right"), minlength=len(EDGES) + 1).tolist()
    ends: list[float | None] = [None, *EDGES, None]
    return [Bucket(from_percent=ends[i], until_percent=ends[i + 1], count=count) for i, count in enumerate(counts)]


def sector_moves(bars: SessionReturns, sectors: Sequence[str | None]) -> list[Sector]:
    """Return each sector that somebody compared is of, by dollars traded, the unknown one last."""
    known = np.isfinite(bars.close)
    members: dict[str | None, list[int]] = {}
    for i in np.flatnonzero(known).tolist():
        members.setdefault(sectors[i], []).append(i)
    found = [
        Sector(
            sector=name,
            compared=len(rows),
            advancers=int((bars.close[rows] > 0).sum()),
            decliners=int((bars.close[rows] < 0).sum()),
            mean_percent=percent(bars.close[rows].mean()),
            weighted_percent=weighted(bars.close[rows], bars.dollars[rows]),
            dollar_volume=float(bars.dollars[rows].sum()),
        )
        for name, rows in members.items()
    ]
    return sorted(found, key=lambda each: (each.sector is None, -each.dollar_volume, each.sector or ""))


def movers(bars: SessionReturns) -> dict[str, list[int]]:
    """Return the rows of who rose and fell most, fell deepest during the day, and traded most dollars; ten at most.

    Only those that traded LEAST_DOLLARS count. Gainers rose and losers fell; equals keep the order of the rows.
    """
    able = np.isfinite(bars.close) & (bars.dollars >= LEAST_DOLLARS)
    return {
        "gainers": first(-bars.close, able & (bars.close > 0)),
        "losers": first(bars.close, able & (bars.close < 0)),
        "deepest": first(bars.low, able & (bars.low < 0)),
        "active": first(-bars.dollars, able),
    }


def first(order: Floats, able: npt.NDArray[np.bool_]) -> list[int]:
    """Return the rows with the smallest values among some."""
    rows = np.flatnonzero(able)
    found: list[int] = rows[np.argsort(order[rows], kind="stable")][:MOST_MOVERS].tolist()
    return found


def middle(values: Floats, at: float = 0.5) -> float | None:
    """Return a quantile in percent, None of nothing."""
    return percent(np.quantile(values, at)) if len(values) else None


def weighted(values: Floats, weights: Floats) -> float | None:
    """Return a weighted mean in percent, None when nothing weighs anything."""
    total = weights.sum()
    return percent((values * weights).sum() / total) if total > 0 else None


def percent(value: float | np.floating) -> float:
    """Return a fraction in percent, to four decimals, never as -0."""
    return round(float(value) * 100, DECIMALS) + 0.0


def in_percent(values: Floats) -> Floats:
    """Return fractions in percent, as they are shown: a share that is shown at 10 % is counted there."""
    return np.round(values * 100, DECIMALS)
