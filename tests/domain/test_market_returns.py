"""Returns of a session: the same as of adjusted closes, and nothing where there is nothing to compare with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.adjustment import Dividend, Split, adjust
from app.domain.market_returns import LOOK_BACK, session_returns
from app.domain.quality_panel import KnownAction, Panel
from app.domain.series import Series
from tests.fakes.panels import changed, days, walk, with_actions

ROWS = 12


def without(panel: Panel, rows: list[int], column: int | slice) -> Panel:
    found = changed(panel)
    for name in ("open", "high", "low", "close", "volume"):
        getattr(found, name)[rows, column] = np.nan
    return found


@given(
    seed=st.integers(0, 1_000),
    split=st.tuples(st.integers(1, ROWS - 1), st.integers(1, 20), st.integers(1, 20)),
    dividend=st.tuples(st.integers(1, ROWS - 1), st.integers(1, 400)),
)
def test_a_return_is_that_of_the_adjusted_closes(
    seed: int, split: tuple[int, int, int], dividend: tuple[int, int]
) -> None:
    plain = walk(ROWS, 1, seed=seed)
    sessions = days(ROWS)
    ex, before, after = split
    paid, cents = dividend
    cash = Decimal(cents) / 100
    panel = with_actions(
        plain,
        KnownAction(instrument=100, ex_date=sessions[ex], split_from=Decimal(before), split_to=Decimal(after)),
        KnownAction(instrument=100, ex_date=sessions[paid], cash_amount=cash),
    )
    close = plain.close[:, 0]
    series = Series(
        sessions=plain.sessions,
        open=plain.open[:, 0],
        high=plain.high[:, 0],
        low=plain.low[:, 0],
        close=close,
        volume=plain.volume[:, 0],
    )
    told = Dividend(
        ex_date=sessions[paid], amount=cash, close_before=close[paid - 1], session_before=sessions[paid - 1]
    )
    steps = [Split(ex_date=sessions[ex], split_from=Decimal(before), split_to=Decimal(after))]
    adjusted = adjust(series, steps, [told])
    found = session_returns(panel)
    np.testing.assert_allclose(found.close[1:, 0], adjusted.close[1:] / adjusted.close[:-1] - 1, rtol=1e-9, atol=2e-9)
    np.testing.assert_allclose(found.low[1:, 0], adjusted.low[1:] / adjusted.close[:-1] - 1, rtol=1e-9, atol=2e-9)
    assert np.isnan(found.close[0, 0])


def test_an_unchanged_price_did_not_move() -> None:
    panel = walk(3, 1)
    panel.close[:, 0] = 0.1 + 0.2
    panel = with_actions(
        panel, KnownAction(instrument=100, ex_date=days(3)[2], split_from=Decimal(3), split_to=Decimal(1))
    )
    panel.close[2, 0] = (0.1 + 0.2) * 3
    assert session_returns(panel).close[1:, 0].tolist() == [0.0, 0.0]


def test_who_was_not_traded_for_some_days_is_compared_with_the_last_close() -> None:
    rested = without(walk(ROWS, 2), list(range(1, LOOK_BACK)), 0)
    found = session_returns(rested)
    assert found.before[LOOK_BACK, 0] == rested.close[0, 0]
    assert np.isnan(session_returns(without(rested, [LOOK_BACK], 0)).before[LOOK_BACK + 1, 0])


def test_after_a_hole_nobody_is_compared() -> None:
    found = session_returns(without(walk(ROWS, 3), [4], slice(None)))
    assert np.isnan(found.close[5]).all()
    assert np.isfinite(found.close[6]).all()


@pytest.mark.parametrize("amount", [0, 1_000_000])
def test_a_dividend_of_nothing_or_of_more_than_the_price_changes_nothing(amount: int) -> None:
    plain = walk(3, 1)
    paid = KnownAction(instrument=100, ex_date=date(2009, 1, 6), cash_amount=Decimal(amount))
    assert session_returns(with_actions(plain, paid)).before[1, 0] == plain.close[0, 0]
