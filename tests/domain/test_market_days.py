"""The market's date, and moments that users name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidRequestError
from app.domain.market_days import day_end, known_as_of, market_date

NOW = datetime(2010, 5, 6, 18, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2010, 1, 5), datetime(2010, 1, 6, 5, tzinfo=UTC)),
        (date(2010, 7, 5), datetime(2010, 7, 6, 4, tzinfo=UTC)),
        (date(2010, 3, 13), datetime(2010, 3, 14, 5, tzinfo=UTC)),
        (date(2010, 3, 14), datetime(2010, 3, 15, 4, tzinfo=UTC)),
        (date(2010, 11, 7), datetime(2010, 11, 8, 5, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_new_yorks_midnight(day: date, end: datetime) -> None:
    assert day_end(day) == end


@given(st.integers(86_400, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_a_moment_is_in_the_day_that_ends_after_it(at: datetime) -> None:
    day = market_date(at)
    assert day_end(day - timedelta(days=1)) <= at < day_end(day)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2010-05-06T18:45:00Z", NOW),
        ("2010-05-06T14:45:00-04:00", NOW),
        ("2010-05-06T18:45:00+00:00", NOW),
        ("2010-05-06T18:45:00 00:00", NOW),
        ("2010-05-05", datetime(2010, 5, 6, 3, 59, 59, 999_999, tzinfo=UTC)),
        ("2010-05-06", None),
    ],
)
def test_a_moment_may_be_named_in_several_ways(text: str, known: datetime | None) -> None:
    assert known_as_of(text, NOW) == known


@pytest.mark.parametrize(
    "text", ["2010-05-07", "2010-05-06T18:45:01Z", "2010-05-05T12:00", "yesterday", "", "0001-01-01", "9999-12-31"]
)
def test_what_is_no_moment_of_the_past_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="as_of"):
        known_as_of(text, NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_is_refused(text: str) -> None:
    try:
        known = known_as_of(text, NOW)
    except InvalidRequestError:
        return
    assert known is None or known <= NOW
