"""Who had a ticker on a day: told by evidence, or not told at all."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.instrument_symbols import AMBIGUOUS, Tenure, holder, latest, room

CHANGE = date(2022, 6, 9)
ETF = Tenure(instrument=7, end=date(2022, 1, 31), active=True)
META = Tenure(instrument=1, start=CHANGE)
days = st.dates(date(2020, 1, 1), date(2024, 1, 1))


def test_a_ticker_is_its_holders_of_that_day() -> None:
    assert holder([META, ETF], date(2021, 7, 1)) == 7
    assert holder([META, ETF], CHANGE) == 1
    assert holder([META, ETF], CHANGE - timedelta(days=1)) is None
    assert room([META, ETF], CHANGE - timedelta(days=1)) == (date(2022, 1, 31), CHANGE)


def test_where_nobody_knows_who_began_when_the_first_to_end_had_it() -> None:
    old, new = Tenure(instrument=1, end=CHANGE, active=False), Tenure(instrument=2)
    assert holder([new, old], CHANGE - timedelta(days=1)) == 1
    assert holder([new, old], CHANGE) == 2
    assert latest([old, new]) == 2
    assert latest([old]) == 1
    assert latest([]) is None


def test_an_end_that_nobody_knows_makes_it_ambiguous() -> None:
    gone = Tenure(instrument=1, active=False)
    assert holder([gone], CHANGE) == 1
    assert holder([gone, Tenure(instrument=2)], CHANGE) == AMBIGUOUS
    assert holder([gone, Tenure(instrument=2, end=CHANGE)], date(2020, 1, 1)) == AMBIGUOUS
    assert latest([gone, Tenure(instrument=2)]) == 2


def test_two_names_of_one_company_are_no_doubt() -> None:
    assert holder([Tenure(instrument=1, end=CHANGE), Tenure(instrument=1, active=False)], date(2020, 1, 1)) == 1


@given(st.lists(days, min_size=1, max_size=6, unique=True), days)
def test_each_day_of_a_ticker_that_passes_on_has_one_holder(ends: list[date], on: date) -> None:
    """Only the ends are known: whoever gives it up next has it."""
    ordered = sorted(ends)
    tenures = [Tenure(instrument=n + 1, end=end, active=False) for n, end in enumerate(ordered)]
    found = holder([*reversed(tenures), Tenure(instrument=99)], on)
    assert found == next((n + 1 for n, end in enumerate(ordered) if on < end), 99)


@given(st.lists(st.tuples(days, days), max_size=5), days)
def test_room_is_where_nobody_is(spans: list[tuple[date, date]], on: date) -> None:
    tenures = [
        Tenure(instrument=n + 1, start=min(span), end=max(span) + timedelta(days=1)) for n, span in enumerate(spans)
    ]
    if holder(tenures, on) is None:
        first, until = room(tenures, on)
        assert first is None or first <= on
        assert until is None or on < until
        for day in (first or on, (until or on + timedelta(days=1)) - timedelta(days=1)):
            assert holder(tenures, day) is None
