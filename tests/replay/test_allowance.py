"""The limit, on a clock of the test's own: any pattern of arrivals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.replay.allowance import Allowance, Window

MINUTE = Window("minute", 60_000_000, 5)
gaps = st.lists(st.one_of(st.integers(0, 3_000_000), st.integers(0, 90_000_000), st.just(12_000_000)), max_size=60)


def arrivals(spaces: list[int]) -> list[int]:
    at, times = 1_000_000_000, []
    for space in spaces:
        at += space
        times.append(at)
    return times


@given(spaces=gaps)
def test_a_request_is_refused_exactly_when_the_rolling_minute_is_full(spaces: list[int]) -> None:
    allowance = Allowance((MINUTE,))
    times = arrivals(spaces)
    for number, now in enumerate(times):
        before = [t for t in times[:number] if t > now - MINUTE.span_us]
        assert allowance.arrive(now) == (len(before) < MINUTE.max_calls)


@given(spaces=gaps)
def test_the_peak_is_the_fullest_window_of_any_alignment(spaces: list[int]) -> None:
    allowance = Allowance((MINUTE,))
    times = arrivals(spaces)
    for now in times:
        allowance.arrive(now)
    fullest = max((sum(start <= t < start + MINUTE.span_us for t in times) for start in times), default=0)
    assert allowance.counts[0].peak == fullest


@given(spaces=gaps)
def test_every_window_of_a_plan_must_have_room(spaces: list[int]) -> None:
    second = Window("second", 1_000_000, 2)
    both, one, other = Allowance((MINUTE, second)), Allowance((MINUTE,)), Allowance((second,))
    for now in arrivals(spaces):
        assert both.arrive(now) == (one.arrive(now) & other.arrive(now))


def test_room_opens_a_full_minute_after_the_first_request() -> None:
    allowance = Allowance((MINUTE,))
    assert [allowance.arrive(0) for _ in range(5)] == [True] * 5
    late = Allowance((MINUTE,))
    assert [late.arrive(at) for at in (0, 1, 2, 3, 4, 60_000_000)] == [True] * 6
    assert not allowance.arrive(59_999_999)


def test_a_clock_that_steps_back_opens_nothing() -> None:
    allowance = Allowance((MINUTE,))
    assert [allowance.arrive(100_000_000) for _ in range(5)] == [True] * 5
    assert not allowance.arrive(1)
