"""A day of 25 hours: calls that a provider counts by its own local date are never too many."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quotas import Spending, Window, next_slots

HOUR = timedelta(hours=1)
DAY = Window(max_calls=25, span_s=90_000)
# The years that keys are used in, with the rules that are known now.
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
# Research stations that change their clocks by two hours or more at once.
STATIONS = {"Antarctica/Troll", "Antarctica/Casey", "Antarctica/Vostok"}


def changes(zone: ZoneInfo) -> list[datetime]:
    """The moments, to the minute, at which the zone's offset changes: a day apart or more."""
    found, at, step = [], FIRST, timedelta(days=1)
    offset = FIRST.astimezone(zone).utcoffset()
    while at < LAST:
        after = (at + step).astimezone(zone).utcoffset()
        if after != offset:
            low, high = at, at + step
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            found.append(high)
        at, offset = at + step, after
    return found


def length(zone: ZoneInfo, day: date) -> timedelta:
    """How long it is from the first to the last quarter of an hour that bears that date: clocks change on quarters."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
    quarters = [noon + n * HOUR / 4 for n in range(-15 * 4, 18 * 4)]
    bears = [at for at in quarters if at.astimezone(zone).date() == day]
    return bears[-1] - bears[0] + HOUR / 4 if bears else timedelta(0)


def test_no_local_day_is_longer_than_the_window_but_at_some_stations() -> None:
    long, seen = set(), 0
    for name in sorted(available_timezones() - {"localtime"}):
        zone = ZoneInfo(name)
        back = [at for at in changes(zone) if fell_back(zone, at)]
        # Years repeat each other: the last change of each size tells all.
        for at in {fall(zone, at): at for at in back}.values():
            seen += 1
            days = {(at + n * HOUR).astimezone(zone).date() for n in (-3, 0, 3)}
            if max(length(zone, day) for day in days) > timedelta(seconds=DAY.span_s):
                long.add(name)
    assert seen > 100
    assert long <= STATIONS
    assert "Antarctica/Troll" in long


def fall(zone: ZoneInfo, at: datetime) -> timedelta:
    before = (at - timedelta(minutes=2)).astimezone(zone).utcoffset() or timedelta(0)
    return before - (at.astimezone(zone).utcoffset() or timedelta(0))


def fell_back(zone: ZoneInfo, at: datetime) -> bool:
    return fall(zone, at) > timedelta(0)


@pytest.mark.parametrize(("span_s", "most"), [(86_400, 50), (90_000, 25)])
def test_a_window_of_24_hours_lets_twice_the_calls_through_on_the_day_the_clocks_go_back(
    span_s: float, most: int
) -> None:
    zone = ZoneInfo("America/New_York")
    start = datetime(2026, 11, 1, 0, 0, tzinfo=zone).astimezone(UTC)
    slots = next_slots([Window(max_calls=25, span_s=span_s)], Spending(), 75)
    dates = [(start + timedelta(microseconds=slot)).astimezone(zone).date() for slot in slots]
    assert dates.count(date(2026, 11, 1)) == most


@given(
    st.sampled_from(sorted(available_timezones() - STATIONS - {"localtime"})),
    st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)),
)
def test_no_local_date_sees_more_calls_than_a_day_allows(name: str, start: datetime) -> None:
    zone = ZoneInfo(name)
    slots = next_slots([DAY], Spending(), 100)
    dates = [(start + timedelta(microseconds=slot)).astimezone(zone).date() for slot in slots]
    assert max(dates.count(day) for day in dates) <= DAY.max_calls
