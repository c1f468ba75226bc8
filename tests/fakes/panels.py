"""Panels of synthetic walks, and faults planted in them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from app.domain.quality_panel import KnownAction, Panel, place_actions

FIRST = date(2009, 1, 5)


def days(count: int) -> list[date]:
    """Weekdays in a row, from a Monday on."""
    return [FIRST + timedelta(days=i // 5 * 7 + i % 5) for i in range(count)]


def walk(
    sessions: int = 100, instruments: int = 20, *, daily: float = 0.02, seed: int = 1, tail: float | None = None
) -> Panel:
    """Random walks with log-normal ranges and volumes; `tail` is the degrees of freedom of Student's moves."""
    chance = np.random.default_rng(seed)
    shape = (sessions, instruments)
    step = chance.normal(0, 1, shape) if tail is None else chance.standard_t(tail, shape) / np.sqrt(tail / (tail - 2))
    close = chance.uniform(5, 400, instruments) * np.exp(np.cumsum(step * daily, axis=0))
    opening = close * np.exp(chance.normal(0, daily / 3, shape))
    spread = np.exp(np.abs(chance.normal(0, daily / 2, shape)))
    zero = np.zeros(shape)
    return Panel(
        sessions=np.array(days(sessions), dtype="datetime64[D]"),
        instruments=list(range(100, 100 + instruments)),
        open=opening,
        high=np.maximum(opening, close) * spread,
        low=np.minimum(opening, close) / spread,
        close=close,
        volume=np.exp(chance.normal(13, 0.5, shape)).round(),
        splits=zero,
        cash=zero.copy(),
    )


def with_actions(panel: Panel, *actions: KnownAction) -> Panel:
    """The same bars beside known actions."""
    splits, cash = place_actions(panel.sessions, panel.instruments, actions)
    return changed(panel, splits=splits, cash=cash)


def changed(panel: Panel, **columns: Any) -> Panel:
    """A copy with other columns."""
    whole: dict[str, Any] = {name: getattr(panel, name) for name in Panel.__struct_fields__}
    copies = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in whole.items()}
    return Panel(**{**copies, **columns})


def scaled(panel: Panel, rows: slice, column: int, factor: float, *, volume: float = 1.0) -> Panel:
    """A copy in which one instrument's prices (and volumes) are multiplied in some sessions."""
    found = changed(panel)
    for name in ("open", "high", "low", "close"):
        getattr(found, name)[rows, column] *= factor
    found.volume[rows, column] *= volume
    return found


def without(panel: Panel, rows: Sequence[int], column: int) -> Panel:
    """A copy in which one instrument has no bar in some sessions."""
    found = changed(panel)
    for name in ("open", "high", "low", "close", "volume"):
        getattr(found, name)[list(rows), column] = np.nan
    return found
