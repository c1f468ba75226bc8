import numpy as np

from bench.market import make, rows


def test_the_synthetic_market_is_the_same_every_time_and_keeps_the_rules_of_a_bar() -> None:
    market, again = make(20, 30), make(20, 30)
    columns = market.columns
    assert all(np.array_equal(columns[name], again.columns[name]) for name in columns)
    assert (columns["low"] <= np.minimum(columns["open"], columns["close"])).all()
    assert (columns["high"] >= np.maximum(columns["open"], columns["close"])).all()
    assert (columns["low"] > 0).all()


def test_rows_come_day_by_day_as_from_a_provider() -> None:
    market = make(3, 4)
    found = rows(market, [7, 8, 9])
    assert [row[0] for row in found] == [7, 8, 9] * 4
    days = [row[1] for row in found]
    assert days == sorted(days, key=str)
    assert len({str(day) for day in days}) == 4
