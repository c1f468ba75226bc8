"""The breaker reads the log: five failures open it, each further one doubles the wait, one call tries again."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.plan_breaker import CLOSED, FAILURES, FIRST_WAIT_S, LONGEST_WAIT_S, MOST_IN_A_ROW, Recent, judge
from app.domain.quotas import Outcome

ANSWERS = sorted(set(Outcome) - FAILURES - {Outcome.UNSENT})
CALLS = st.lists(st.builds(Recent, st.sampled_from([*Outcome, None]), st.floats(0, 10_000)), max_size=24).map(
    lambda calls: sorted(calls, key=lambda call: call.ago_s)
)


def failed(count: int, ago_s: float) -> list[Recent]:
    return [Recent(Outcome.UNREACHABLE, ago_s + number) for number in range(count)]


def test_the_wait_grows_from_a_minute_to_an_hour() -> None:
    waits = [judge(failed(count, 10)).wait_s + 10 for count in range(5, 24)]
    assert waits[:7] == [60, 120, 240, 480, 960, 1920, 3600]
    assert set(waits[6:]) == {LONGEST_WAIT_S}
    assert judge(failed(4, 0)) == CLOSED
    assert judge(failed(5, FIRST_WAIT_S)).state == "half_open"


def test_while_a_call_tries_the_others_wait() -> None:
    trying = [Recent(None, 0.5), *failed(6, 200)]
    assert judge(trying[1:]).state == "half_open"
    assert (judge(trying).state, judge(trying).wait_s) == ("open", 1.0)


def test_what_was_never_sent_says_nothing_and_an_answer_of_any_kind_closes() -> None:
    unsent = Recent(Outcome.UNSENT, 1)
    assert judge([unsent, *failed(5, 3)]).failures == 5
    assert judge([*failed(3, 3), unsent, *failed(2, 9)]).state == "open"
    for outcome in ANSWERS:
        assert judge([Recent(outcome, 1), *failed(9, 3)]) == CLOSED
        assert judge([*failed(4, 1), Recent(outcome, 20), *failed(9, 30)]) == CLOSED


@given(CALLS)
def test_it_is_open_only_after_a_row_of_failures_and_never_for_more_than_an_hour(calls: list[Recent]) -> None:
    found = judge(calls)
    ended = [call.outcome for call in calls if call.outcome not in {None, Outcome.UNSENT}]
    row = next((n for n, outcome in enumerate(ended) if outcome not in FAILURES), len(ended))
    assert (found.state == "closed") == (row < MOST_IN_A_ROW)
    assert 0 <= found.wait_s <= LONGEST_WAIT_S
    assert (found.wait_s > 0) == (found.state == "open")
    if found.state != "closed":
        assert found.failures == row
        assert found.reason.startswith(f"its last {row} calls failed")
