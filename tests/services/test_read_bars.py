"""What is left open in a question for bars is settled in one way."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bars import Timeframe
from app.domain.errors import InvalidRequestError
from app.services.read_bars import BarRequest, bar_query, split_symbols

if TYPE_CHECKING:
    from app.ports.reads import BarQuery

# Eleven in the evening in New York; already the next day in London.
NOW = datetime(2010, 5, 7, 3, 0, tzinfo=UTC)


def settled(**asked: Any) -> BarQuery:
    return bar_query(BarRequest(symbols="AAPL", **asked), NOW, max_symbols=100)


def test_by_default_it_is_the_year_up_to_the_markets_today() -> None:
    query = settled()
    assert (query.from_, query.until, query.today) == (date(2009, 5, 7), date(2010, 5, 7), date(2010, 5, 6))
    assert query.as_of is None


def test_as_of_moves_today() -> None:
    query = settled(as_of="2010-01-05")
    assert (query.until, query.today) == (date(2010, 1, 6), date(2010, 1, 5))


@pytest.mark.parametrize(
    ("timeframe", "first"),
    [(Timeframe.DAY, "2010-01-06"), (Timeframe.WEEK, "2010-01-04"), (Timeframe.MONTH, "2010-01-01")],
)
def test_the_first_wide_bar_is_whole(timeframe: Timeframe, first: str) -> None:
    assert settled(timeframe=timeframe, from_=date(2010, 1, 6)).from_ == date.fromisoformat(first)


@given(
    limit=st.integers(1, 10_000),
    timeframe=st.sampled_from(Timeframe),
    until=st.dates(date(1900, 2, 1), date(2200, 1, 1)),
)
def test_a_limit_reaches_back_far_enough(limit: int, timeframe: Timeframe, until: date) -> None:
    """A year of the New York exchange has at least 250 sessions, but for 2001 with 248."""
    query = settled(limit=limit, timeframe=timeframe, until=until)
    assert query.from_ < until
    assert query.last == limit
    days = {Timeframe.DAY: 365 / 248, Timeframe.WEEK: 7, Timeframe.MONTH: 365 / 12}[timeframe]
    assert query.from_ <= date(1900, 1, 1) or (until - query.from_).days >= limit * days


@pytest.mark.parametrize("asked", [{"from_": date(2010, 5, 7)}, {"from_": date(2010, 2, 1), "until": date(2010, 1, 1)}])
def test_a_range_without_a_day_is_refused(asked: dict[str, date]) -> None:
    with pytest.raises(InvalidRequestError, match="exclusive"):
        settled(**asked)


@given(st.text(max_size=300))
def test_symbols_are_distinct_and_none_is_empty(text: str) -> None:
    try:
        symbols = split_symbols(text, 20)
    except InvalidRequestError:
        return
    assert 1 <= len(symbols) <= 20
    assert len(set(symbols)) == len(symbols)
    assert all(symbol and symbol == symbol.strip() and "," not in symbol for symbol in symbols)


def test_symbols_keep_the_order_in_which_they_were_first_named() -> None:
    assert split_symbols(" MSFT,,AAPL, MSFT,BRK.B", 3) == ("MSFT", "AAPL", "BRK.B")
