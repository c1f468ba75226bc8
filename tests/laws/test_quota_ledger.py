"""The ledger's law: whatever happens, no provider ever counts more calls in any window than it allows."""

import secrets
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.db.quota_ledger import PostgresLedger
from app.domain.quotas import (
    Allowance,
    CallResult,
    Denied,
    LimitHint,
    Outcome,
    Permit,
    Window,
    free_in_us,
    resting,
)
from app.settings import DatabaseSettings
from tests.fakes.clocks import ManualClock

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

HOLD_US = 3_000_000
OK = CallResult(outcome=Outcome.OK)
WINDOWS = st.lists(
    st.builds(Window, max_calls=st.integers(1, 4), span_s=st.integers(1, 8).map(float)),
    min_size=1,
    max_size=3,
    unique_by=lambda window: window.span_s,
).map(tuple)
# What a worker does next: how long it waits first, and how its call ends. The provider counts the call `arrives`
# after the reservation; a crash leaves it unsettled. A reading that is `stale` was taken so long before the lock.
ACTS = st.lists(
    st.fixed_dictionaries(
        {
            "wait": st.integers(0, 2_500_000),
            "stale": st.integers(0, 300_000),
            "arrives": st.integers(0, HOLD_US - 300_000),
            "reply": st.integers(0, 400_000),
            "crash": st.booleans(),
        }
    ),
    max_size=25,
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


def peak(arrivals: list[int], window: Window) -> int:
    """The most calls that any window of this span ever holds."""
    return max((sum(0 <= other - at < window.span_us for other in arrivals) for at in arrivals), default=0)


class Model:
    """The rule in ten lines, to hold the SQL against."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self.windows = windows
        self.last: dict[int, int] = {}

    def answer(self, now: int) -> tuple[int, int] | None:
        """None for go, else (soonest, latest)."""
        shut = []
        for window in self.windows:
            lates = sorted((last - now for last in self.last.values() if last > now - window.span_us), reverse=True)
            if len(lates) >= window.max_calls:
                late = lates[window.max_calls - 1]
                shut.append((min(late, 0) + window.span_us, late + window.span_us))
        return (max(soon for soon, _ in shut), max(late for _, late in shut)) if shut else None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(windows=WINDOWS, acts=ACTS)
async def test_the_sql_is_the_model_and_never_overruns(
    database: Database, windows: tuple[Window, ...], acts: list[dict[str, int]]
) -> None:
    clock = ManualClock()
    ledger = PostgresLedger(database, clock)
    allowance = Allowance(id=secrets.token_hex(8), provider="p", windows=windows, hold_us=HOLD_US)
    model, arrivals, now = Model(windows), [], clock.quota_us()
    replies: list[tuple[int, Permit]] = []
    for act in acts:
        now += act["wait"]
        for at, permit in sorted(replies, key=lambda pair: pair[0]):
            if at <= now:
                clock.set_quota_us(at)
                await ledger.settle(permit, OK)
                model.last[permit.call_id] = min(model.last[permit.call_id], at)
                replies.remove((at, permit))
        read = now - act["stale"]
        clock.set_quota_us(read)
        answer = await ledger.reserve(allowance, "test")
        expected = model.answer(read)
        if isinstance(answer, Denied):
            assert (answer.soonest_us, answer.latest_us) == expected
            continue
        assert expected is None
        model.last[answer.call_id] = read + HOLD_US
        arrival = now + act["arrives"]
        arrivals.append(arrival)
        if not act["crash"]:
            replies.append((arrival + act["reply"], answer))
    assert all(peak(arrivals, window) <= window.max_calls for window in windows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(windows=WINDOWS, lates=st.lists(st.integers(0, 4_000_000), min_size=1, max_size=8))
async def test_what_a_denial_promises_is_kept(
    database: Database, windows: tuple[Window, ...], lates: list[int]
) -> None:
    clock = ManualClock()
    ledger = PostgresLedger(database, clock)
    allowance = Allowance(id=secrets.token_hex(8), provider="p", windows=windows, hold_us=HOLD_US)
    answer: Permit | Denied | None = None
    for late in lates:
        clock.advance_us(late)
        answer = await ledger.reserve(allowance, "test")
        if isinstance(answer, Denied):
            break
    if not isinstance(answer, Denied):
        return
    at = clock.quota_us()
    clock.set_quota_us(at + answer.soonest_us - 1)
    assert isinstance(await ledger.reserve(allowance, "test"), Denied)
    clock.set_quota_us(at + answer.latest_us)
    assert isinstance(await ledger.reserve(allowance, "test"), Permit)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(windows=WINDOWS, acts=ACTS)
async def test_a_replay_a_thousand_times_as_fast_grants_the_same(
    database: Database, windows: tuple[Window, ...], acts: list[dict[str, int]]
) -> None:
    """In virtual time only the quota clock counts: its speed changes no answer."""
    told = []
    for speed in (1.0, 1000.0):
        clock = ManualClock(speed=speed, clock_id="replay:1")
        ledger = PostgresLedger(database, clock)
        allowance = Allowance(id=secrets.token_hex(8), provider="p", windows=windows, hold_us=HOLD_US)
        answers: list[Denied | int] = []
        for act in acts:
            clock.advance_us(act["wait"])
            answer = await ledger.reserve(allowance, "test")
            if isinstance(answer, Denied):
                answers.append(answer)
                continue
            answers.append(answer.at_us)
            if not act["crash"]:
                clock.advance_us(act["reply"])
                await ledger.settle(answer, OK)
        told.append(answers)
    assert told[0] == told[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(lates=st.lists(st.integers(0, 90_000_000), max_size=6), limit=st.integers(0, 7), remaining=st.integers(0, 7))
async def test_headers_only_ever_tighten(database: Database, lates: list[int], limit: int, remaining: int) -> None:
    clock = ManualClock()
    ledger = PostgresLedger(database, clock)
    window = Window(max_calls=5, span_s=60)
    allowance = Allowance(id=secrets.token_hex(8), provider="p", windows=(window,), hold_us=HOLD_US)
    for late in lates:
        permit = await ledger.reserve(allowance, "test")
        if isinstance(permit, Permit):
            await ledger.settle(permit, OK)
        clock.advance_us(late)
    await ledger.declare(allowance)
    before = await ledger.spending(allowance)
    await ledger.tighten(allowance, LimitHint(span_s=60, limit=limit, remaining=remaining))
    after = await ledger.spending(allowance)
    most = min([5, *([limit] if limit else [])])
    assert resting(window, after.lates_us) >= max(resting(window, before.lates_us), most - remaining)
    assert free_in_us([window], after) >= free_in_us([window], before)
    granted = [isinstance(await ledger.reserve(allowance, "test"), Permit) for _ in range(6)].count(True)
    assert granted <= remaining
