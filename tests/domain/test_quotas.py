"""Quota arithmetic: slots are as early as they may be, and never too early."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.quotas import CallClass, Spending, Window, allowance_id, free_in_us, next_slots, resting

WINDOWS = st.lists(
    st.builds(Window, max_calls=st.integers(1, 5), span_s=st.integers(1, 60).map(float)), min_size=1, max_size=3
)
LATES = st.lists(st.integers(-70_000_000, 45_000_000), max_size=12).map(tuple)


def allowed(windows: list[Window], lates: list[int], at: int) -> bool:
    return all(sum(late > at - w.span_us for late in lates) < w.max_calls for w in windows)


@given(WINDOWS, LATES, st.integers(0, 90_000_000))
def test_the_next_slot_is_the_first_moment_that_every_window_allows(
    windows: list[Window], lates: tuple[int, ...], blocked: int
) -> None:
    slot = free_in_us(windows, Spending(lates_us=lates, blocked_us=blocked))
    assert slot >= blocked
    assert allowed(windows, list(lates), slot)
    assert slot == blocked or not allowed(windows, list(lates), slot - 1)


@given(WINDOWS, LATES, st.integers(1, 15))
def test_slots_taken_in_turn_never_overrun(windows: list[Window], lates: tuple[int, ...], count: int) -> None:
    slots = next_slots(windows, Spending(lates_us=lates), count)
    taken = list(lates)
    for slot in slots:
        assert allowed(windows, taken, slot)
        taken.append(slot)
    assert slots == sorted(slots)


def test_five_a_minute_comes_in_fives() -> None:
    assert next_slots([Window(max_calls=5, span_s=60)], Spending(), 11) == [0] * 5 + [60_000_000] * 5 + [120_000_000]


def test_a_call_rests_until_exactly_one_span_later() -> None:
    window = Window(max_calls=1, span_s=1)
    assert resting(window, [-999_999]) == 1
    assert resting(window, [-1_000_000]) == 0


def test_an_allowance_is_named_without_its_key() -> None:
    first = allowance_id("polygon", "a-very-secret-key")
    assert "secret" not in first
    assert first == allowance_id("polygon", "a-very-secret-key")
    assert len({first, allowance_id("polygon", "other"), allowance_id("polygon", "a-very-secret-key", "replay:1")}) == 3


def test_a_window_of_a_class_delays_only_that_class() -> None:
    windows = [Window(max_calls=4, span_s=60), Window(max_calls=2, span_s=60, only=CallClass.BACKGROUND)]
    assert next_slots(windows, Spending(), 5) == [0] * 4 + [60_000_000]
    assert next_slots(windows, Spending(), 3, CallClass.BACKGROUND) == [0, 0, 60_000_000]
    spent = Spending(lates_us=(-30_000_000, 0), by_class={CallClass.BACKGROUND: (-30_000_000, 0)})
    assert next_slots(windows, spent, 2, CallClass.BACKGROUND) == [30_000_000, 60_000_000]
    assert next_slots(windows, spent, 2) == [0, 0]


def test_a_lower_limit_that_was_told_delays_the_next_calls() -> None:
    spending = Spending(lates_us=(0, 0), told=(Window(max_calls=2, span_s=60),))
    assert free_in_us([Window(max_calls=5, span_s=60)], spending) == 60_000_000
