"""Row checks: what may be stored, and the evidence against the rest."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bars import DailyBars
from app.domain.quality import EVIDENCE, check, expected_rows, faults, valid_symbol
from tests.fakes.market import DAY, bars

PRICES = st.sampled_from([0.0, -1.0, 0.01, 1.0, 39.37, 60.75, 1e300, float("inf"), float("nan"), -0.0, 5e-324])
VOLUMES = st.sampled_from([0.0, 1.5, -1.0, 2147483600.0, 2147483647.0, 2147483547.0, 4294967200.0, float("nan"), 1e18])


def one(**changes: float | str) -> DailyBars:
    """Three good bars, of which the middle one is changed."""
    found = bars({"A": 10.0, "B": 20.0, "C": 30.0})
    for name, value in changes.items():
        if name == "symbol":
            found.symbols[1] = str(value)
        else:
            getattr(found, name)[1] = value
    return found


@pytest.mark.parametrize(("changes", "rule"), [
    ({"open": float("nan")}, "not_finite"),
    ({"high": float("inf")}, "not_finite"),
    ({"volume": float("inf")}, "not_finite"),
    ({"low": 0.0}, "not_positive"),
    ({"low": -3.0}, "not_positive"),
    ({"high": 9.0}, "ohlc_order"),
    ({"low": 20.1}, "ohlc_order"),
    ({"open": 20.6}, "ohlc_order"),
    ({"close": 9.9}, "ohlc_order"),
    ({"volume": -1.0}, "negative_volume"),
    ({"volume": 2147483600.0}, "volume_overflow"),
    ({"volume": 2147483647.0}, "volume_overflow"),
    ({"volume": 4294967295.0}, "volume_overflow"),
    ({"vwap": 0.0}, "vwap"),
    ({"vwap": float("inf")}, "vwap"),
    ({"trades": -2}, "trades"),
    ({"trades": 2**31}, "trades"),
    ({"symbol": ""}, "bad_symbol"),
    ({"symbol": "A B"}, "bad_symbol"),
    ({"symbol": "N\x00L"}, "bad_symbol"),
    ({"symbol": "X" * 33}, "bad_symbol"),
])  # fmt: skip
def test_a_row_that_breaks_a_rule_is_held_and_its_neighbours_are_not(
    changes: dict[str, float | str], rule: str
) -> None:
    kept, held = check(one(**changes))
    assert kept.symbols == ["A", "C"]
    assert kept.close.tolist() == [10.0, 30.0]
    (row,) = held
    assert row.rule == rule
    assert row.evidence[rule] == EVIDENCE[rule]
    assert row.session == DAY


@pytest.mark.parametrize("volume", [0.0, 0.5, 2147483547.0, 2147483648.0, 4294967296.0, 1e12])
def test_volumes_beside_the_overflow_are_good(volume: float) -> None:
    assert check(one(volume=volume))[1] == []


def test_identical_copies_are_dropped_and_different_ones_all_held() -> None:
    same = bars({"A": 1.0, "B": 2.0})
    for name in DailyBars.__struct_fields__:
        column = getattr(same, name)
        column[1] = column[0]
    kept, held = check(same)
    assert (kept.symbols, held) == (["A"], [])
    same.close[1] = 0.9
    kept, held = check(same)
    assert kept.symbols == []
    assert [row.rule for row in held] == ["duplicate", "duplicate"]
    assert {row.row["close"] for row in held} == {1.0, 0.9}


def test_what_the_provider_did_not_say_is_null_in_the_evidence() -> None:
    _, (row,) = check(bars({"A": -1.0}, known=False))
    assert row.row["vwap"] is None
    assert row.row["trades"] is None


@given(st.lists(st.tuples(PRICES, PRICES, PRICES, PRICES, VOLUMES), max_size=6))
def test_what_passes_is_sound_and_nothing_is_lost(rows: list[tuple[float, float, float, float, float]]) -> None:
    found = bars({f"S{i}": 1.0 for i in range(len(rows))})
    for i, (o, h, low, c, v) in enumerate(rows):
        found.open[i], found.high[i], found.low[i], found.close[i], found.volume[i] = o, h, low, c, v
    kept, held = check(found)
    assert len(kept) + len(held) == len(rows)
    assert {*kept.symbols, *(row.symbol for row in held)} == set(found.symbols)
    assert (kept.low > 0).all()
    assert (kept.high < np.inf).all()
    for column in (kept.open, kept.close):
        assert ((kept.low <= column) & (column <= kept.high)).all()
    assert ((kept.volume >= 0) & np.isfinite(kept.volume)).all()
    assert set(faults(found)) | {"duplicate", "wrong_session", "unreadable", "ambiguous_symbol"} == set(EVIDENCE)
    assert check(kept)[1] == []


def test_the_expected_rows_follow_the_neighbours_once_there_are_some() -> None:
    assert expected_rows([]) == 1
    assert expected_rows([500, 500]) == 1
    assert expected_rows([500, 500, 500]) == 400
    assert expected_rows([100, 498, 500, 501, 3]) == 399
    assert expected_rows([0, 0, 0]) == 1


def test_symbols_as_providers_spell_them() -> None:
    assert all(valid_symbol(symbol) for symbol in ("A", "BRK.B", "BACpB", "CIG.C", "AAM+", "X:BTCUSD"))
    assert not any(valid_symbol(symbol) for symbol in ("", " ", "Ä", "A\n"))


def test_the_evidence_names_each_session() -> None:
    _, held = check(bars({"A": -1.0}, date(2010, 5, 7)))
    assert held[0].session == date(2010, 5, 7)
