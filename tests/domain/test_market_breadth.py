"""The market's figures: they add up, and do not depend on the order of the shares."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import market_breadth
from app.domain.market_breadth import (
    EDGES,
    SessionReturns,
    broad_move,
    distribution,
    movers,
    sector_moves,
    session_line,
)

DAY = date(2010, 5, 6)
SECTORS = ("Energy", "Utilities", None)


def bars(close: list[float], *, dollars: list[float] | None = None, low: list[float] | None = None) -> SessionReturns:
    moved = np.array(close)
    return SessionReturns(
        open=moved / 2,
        high=np.maximum(moved, 0) + 0.01,
        low=np.minimum(moved, 0) - 0.01 if low is None else np.array(low),
        close=moved,
        volume=np.full(len(close), 1_000.0),
        dollars=np.full(len(close), 2_000_000.0) if dollars is None else np.array(dollars),
    )


moves = st.lists(st.one_of(st.floats(-0.99, 3), st.just(0.0), st.just(np.nan)), max_size=60)


@given(moves)
def test_every_share_is_counted_once(close: list[float]) -> None:
    day = bars(close)
    line = session_line(DAY, day)
    assert line.traded == len(close)
    assert line.advancers + line.decliners + line.unchanged == line.compared == int(np.isfinite(close).sum())
    buckets = distribution(day)
    assert sum(each.count for each in buckets) == line.compared
    assert [each.from_percent for each in buckets] == [None, *EDGES]
    assert [each.until_percent for each in buckets] == [*EDGES, None]
    sectors = sector_moves(day, [SECTORS[i % 3] for i in range(len(close))])
    assert sum(each.compared for each in sectors) == line.compared
    assert sum(each.advancers for each in sectors) == line.advancers
    assert sum(each.dollar_volume for each in sectors) == pytest.approx(2_000_000.0 * line.compared)


@given(moves, st.randoms(use_true_random=False))
def test_the_order_of_the_shares_does_not_matter(close: list[float], chance: object) -> None:
    mixed = list(close)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # Hypothesis' own Random
    one, other = bars(close), bars(mixed)
    assert session_line(DAY, one) == session_line(DAY, other)
    assert distribution(one) == distribution(other)
    assert broad_move(one).lower_quartile_percent == broad_move(other).lower_quartile_percent
    assert broad_move(one).mean_percent == pytest.approx(broad_move(other).mean_percent, abs=1e-3)


def test_a_day_in_figures() -> None:
    day = bars([-0.2, -0.01, 0.0, 0.03], dollars=[3e6, 1e6, 1e6, 5e6], low=[-0.5, -0.12, -0.05, -0.02])
    line, broad = session_line(DAY, day), broad_move(day)
    assert (line.advancers, line.decliners, line.unchanged) == (1, 2, 1)
    assert (line.median_percent, line.median_low_percent, line.dollar_volume) == (-0.5, -8.5, 10e6)
    assert broad.mean_percent == -4.5
    assert broad.weighted_percent == -4.6
    assert (broad.fell_deep_at_low, broad.fell_deep) == (2, 1)
    assert (broad.volume_up, broad.volume_down) == (1_000.0, 2_000.0)
    counted = {each.from_percent: each.count for each in distribution(day) if each.count}
    # A bucket holds its lower end: -1 % is in [-1, 0), 3 % in [3, 4).
    assert counted == {None: 1, -1: 1, 0: 1, 3: 1}


def test_nothing_is_said_of_nobody() -> None:
    line, broad = session_line(DAY, bars([np.nan])), broad_move(bars([]))
    assert (line.traded, line.compared, line.median_percent) == (1, 0, None)
    assert broad.mean_percent is broad.weighted_percent is broad.lower_quartile_percent is None
    assert sector_moves(bars([np.nan]), ["Energy"]) == []


def test_sectors_come_by_dollars_and_the_unknown_one_last() -> None:
    day = bars([0.01, 0.02, -0.03, 0.05], dollars=[1e6, 9e6, 4e6, 99e6])
    found = sector_moves(day, ["Utilities", "Energy", "Utilities", None])
    assert [each.sector for each in found] == ["Energy", "Utilities", None]
    assert (found[1].mean_percent, found[1].weighted_percent) == (-1.0, -2.2)


@given(moves)
def test_movers_moved_and_come_in_their_order(close: list[float]) -> None:
    found = movers(bars(close))
    gains, losses = [close[i] for i in found["gainers"]], [close[i] for i in found["losers"]]
    assert gains == sorted(gains, reverse=True)
    assert losses == sorted(losses)
    assert all(gain > 0 for gain in gains)
    assert all(loss < 0 for loss in losses)
    assert all(len(rows) <= market_breadth.MOST_MOVERS for rows in found.values())


def test_who_hardly_traded_is_no_mover() -> None:
    day = bars([0.9, 0.1, -0.9, -0.1], dollars=[999_999.0, 1e6, 10.0, 2e6])
    assert movers(day) == {"gainers": [1], "losers": [3], "deepest": [3, 1], "active": [3, 1]}
