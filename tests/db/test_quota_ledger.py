"""The ledger against a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
import pytest

from app.db.engine import Database
from app.db.quota_ledger import PostgresLedger
from app.domain.quotas import Allowance, CallClass, CallResult, Denied, LimitHint, Outcome, Permit, Window
from tests.fakes.clocks import ManualClock

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

OK = CallResult(outcome=Outcome.OK, status=200, reply_bytes=10, duration_ms=4.0)
FIVE = Allowance(id="five", provider="polygon", windows=(Window(max_calls=5, span_s=60),), hold_us=45_000_000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> PostgresLedger:
    return PostgresLedger(database, clock)


async def reserve(ledger: PostgresLedger, count: int = 1) -> list[Permit]:
    permits = [await ledger.reserve(FIVE, "test") for _ in range(count)]
    assert all(isinstance(permit, Permit) for permit in permits)
    return cast("list[Permit]", permits)


async def denied(ledger: PostgresLedger) -> Denied:
    answer = await ledger.reserve(FIVE, "test")
    assert isinstance(answer, Denied)
    return answer


async def test_the_sixth_call_waits_until_the_first_has_rested(ledger: PostgresLedger, clock: ManualClock) -> None:
    for permit in await reserve(ledger, 5):
        clock.advance_us(100_000)
        await ledger.settle(permit, OK)
    answer = await denied(ledger)
    assert answer.soonest_us == answer.latest_us == 60_000_000 - 400_000
    clock.advance_us(answer.latest_us - 1)
    await denied(ledger)
    clock.advance_us(1)
    await reserve(ledger)
    await denied(ledger)


async def test_a_call_that_never_came_back_rests_its_whole_hold(ledger: PostgresLedger, clock: ManualClock) -> None:
    await reserve(ledger, 5)
    answer = await denied(ledger)
    assert (answer.soonest_us, answer.latest_us) == (60_000_000, 105_000_000)
    clock.advance_us(105_000_000 - 1)
    await denied(ledger)
    clock.advance_us(1)
    await reserve(ledger)


async def test_settling_twice_keeps_the_first(ledger: PostgresLedger, clock: ManualClock, database_url: str) -> None:
    (permit,) = await reserve(ledger)
    clock.advance_us(1_000)
    await ledger.settle(permit, OK)
    clock.advance_us(1_000)
    await ledger.settle(permit, CallResult(outcome=Outcome.MALFORMED))
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT last_us - at_us, outcome, status, reply_bytes FROM provider_calls").fetchone()
    assert row == (1_000, "ok", 200, 10)


async def test_a_clock_that_reads_earlier_never_shortens_below_the_reservation(
    ledger: PostgresLedger, clock: ManualClock
) -> None:
    (permit,) = await reserve(ledger)
    clock.set_quota_us(permit.at_us - 5_000_000)
    await ledger.settle(permit, OK)
    clock.set_quota_us(permit.at_us)
    assert (await ledger.spending(FIVE)).lates_us == (0,)


async def test_a_reservation_inside_a_transaction_is_refused(database: Database, ledger: PostgresLedger) -> None:
    await ledger.declare(FIVE)
    with pytest.raises(psycopg.errors.InvalidTransactionTermination):
        async with database.transaction() as connection:
            await connection.execute(
                "CALL groat_reserve('five', 'manual', 1, 1, NULL, 'interactive', 'x', NULL, NULL, NULL, NULL)"
            )
    assert (await ledger.spending(FIVE)).lates_us == ()


async def test_an_undeclared_allowance_is_refused(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.NoDataFound):
            await connection.execute(
                "CALL groat_reserve('nobody', 'manual', 1, 1, NULL, 'interactive', 'x', NULL, NULL, NULL, NULL)"
            )


async def test_every_window_must_have_room(ledger: PostgresLedger, clock: ManualClock) -> None:
    both = Allowance(
        id="both", provider="p", windows=(Window(max_calls=1, span_s=1), Window(max_calls=3, span_s=100)), hold_us=1
    )
    for _ in range(3):
        assert isinstance(await ledger.reserve(both, "x"), Permit)
        assert isinstance(await ledger.reserve(both, "x"), Denied)
        clock.advance_us(1_000_001)
    answer = await ledger.reserve(both, "x")
    assert isinstance(answer, Denied)
    assert answer.latest_us == 100_000_001 - 3_000_003


async def test_a_block_holds_and_is_never_shortened(ledger: PostgresLedger, clock: ManualClock) -> None:
    await ledger.declare(FIVE)
    await ledger.block(FIVE, 60_000_000, "the provider answered 429")
    await ledger.block(FIVE, 1_000_000, "again")
    answer = await denied(ledger)
    assert (answer.soonest_us, answer.latest_us) == (60_000_000, 60_000_000)
    assert answer.why == "again"
    clock.advance_us(60_000_000)
    await reserve(ledger)


async def test_rows_of_another_clock_are_judged_by_the_servers_time(database: Database, ledger: PostgresLedger) -> None:
    other = PostgresLedger(database, ManualClock(clock_id="the boot before"))
    for permit in await reserve(other, 5):
        await other.settle(permit, OK)
    answer = await denied(ledger)
    assert 55_000_000 < answer.latest_us <= 65_030_000
    async with database.connection() as connection:
        await connection.execute("UPDATE provider_calls SET last_wall = now() - interval '66 seconds'")
    await reserve(ledger)


@pytest.mark.parametrize("jump", ["-1 day", "-1 hour", "1 hour", "1 day"])
async def test_a_jump_of_the_servers_time_changes_nothing_for_rows_of_ones_own_clock(
    database: Database, ledger: PostgresLedger, clock: ManualClock, jump: str
) -> None:
    for permit in await reserve(ledger, 5):
        await ledger.settle(permit, OK)
    clock.advance_us(1_000)
    before = await denied(ledger)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE provider_calls SET at_wall = at_wall + %s::interval, last_wall = last_wall + %s::interval",
            [jump, jump],
        )
    assert await denied(ledger) == before


async def test_a_changed_plan_replaces_its_windows(database: Database, ledger: PostgresLedger) -> None:
    await ledger.declare(FIVE)
    wider = Allowance(id="five", provider="polygon", windows=(Window(max_calls=9, span_s=30),), hold_us=7)
    await ledger.declare(wider)
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT span_us, max_calls FROM quota_windows")).fetchall()
    assert rows == [(30_000_000, 9)]


async def test_usage_speaks_market_time(ledger: PostgresLedger, clock: ManualClock) -> None:
    permits = await reserve(ledger, 5)
    for permit in permits[:4]:
        await ledger.settle(permit, OK)
    clock.advance_us(10_000_000)
    (usage,) = await ledger.usage([FIVE])
    (window,) = usage.windows
    assert (window.resting, window.max_calls, window.span_s) == (5, 5, 60)
    assert window.next_free == usage.next_free == clock.now() + timedelta(seconds=50)
    assert usage.calls_last_day == {"ok": 4, "in_flight": 1}
    await ledger.block(FIVE, 70_000_000, "asked to wait")
    (usage,) = await ledger.usage([FIVE])
    assert usage.blocked_until == usage.next_free == clock.now() + timedelta(seconds=70)
    assert usage.blocked_why == "asked to wait"
    clock.advance(timedelta(hours=23, minutes=59, seconds=49))
    (usage,) = await ledger.usage([FIVE])
    assert usage.calls_last_day == {"lost": 1, "ok": 4}
    clock.advance(timedelta(seconds=2))
    (usage,) = await ledger.usage([FIVE])
    assert usage.calls_last_day == {}
    assert usage.blocked_until is None


async def test_usage_of_a_key_that_was_never_used(ledger: PostgresLedger, clock: ManualClock) -> None:
    (usage,) = await ledger.usage([FIVE])
    assert usage.windows[0].resting == 0
    assert usage.next_free == clock.now()


def hint(limit: int | None = None, remaining: int | None = None) -> LimitHint:
    return LimitHint(span_s=60, limit=limit, remaining=remaining)


async def test_what_the_provider_has_counted_and_we_have_not_rests_from_now(
    ledger: PostgresLedger, clock: ManualClock
) -> None:
    (permit,) = await reserve(ledger)
    await ledger.settle(permit, OK)
    clock.advance_us(1_000_000)
    assert await ledger.tighten(FIVE, hint(5, 1)) == 3
    assert await ledger.tighten(FIVE, hint(5, 1)) == 0
    assert await ledger.tighten(FIVE, hint(5, 5)) == 0
    await reserve(ledger)
    clock.advance_us(59_000_000)
    await reserve(ledger)
    assert (await denied(ledger)).soonest_us == 1_000_000
    (usage,) = await ledger.usage([FIVE])
    assert usage.calls_last_day["elsewhere"] == 3


@pytest.mark.parametrize("remaining", [0, -3, -(10**30)])
async def test_nothing_remaining_closes_the_window_for_its_span(
    ledger: PostgresLedger, clock: ManualClock, remaining: int
) -> None:
    await ledger.declare(FIVE)
    assert await ledger.tighten(FIVE, hint(10**30, remaining)) == 5
    assert (await denied(ledger)).latest_us == 60_000_000
    clock.advance_us(60_000_000)
    await reserve(ledger)


async def test_a_lower_limit_holds_until_the_operator_loosens_it(ledger: PostgresLedger) -> None:
    await ledger.declare(FIVE)
    for told in (3, 4, 50, 0, -1, None):
        await ledger.tighten(FIVE, hint(told))
    await ledger.tighten(FIVE, LimitHint(span_s=3600, limit=1, remaining=0))
    await reserve(ledger, 3)
    await denied(ledger)
    await ledger.declare(FIVE)
    (usage,) = await ledger.usage([FIVE])
    assert usage.windows[0].max_calls == 3
    assert (await ledger.spending(FIVE)).told == (Window(max_calls=3, span_s=60),)
    await ledger.block(FIVE, 9_000_000, "429")
    assert (await ledger.loosen("polygon"), await ledger.loosen("nobody")) == (1, 0)
    await reserve(ledger, 2)
    await denied(ledger)


async def test_a_window_of_a_class_stands_beside_the_total(ledger: PostgresLedger, clock: ManualClock) -> None:
    total = Window(max_calls=4, span_s=60)
    half = Window(max_calls=2, span_s=60, only=CallClass.BACKGROUND)
    both = Allowance(id="both", provider="p", windows=(total, half), hold_us=1)
    answers = [await ledger.reserve(both, "x", CallClass.BACKGROUND) for _ in range(3)]
    assert [isinstance(answer, Permit) for answer in answers] == [True, True, False]
    # What background calls may not use is free for those that somebody waits for; the total is for all.
    answers = [await ledger.reserve(both, "x") for _ in range(3)]
    assert [isinstance(answer, Permit) for answer in answers] == [True, True, False]
    (usage,) = await ledger.usage([both])
    assert [(window.only, window.resting) for window in usage.windows] == [(None, 4), (CallClass.BACKGROUND, 2)]
    clock.advance_us(60_000_001)
    for _ in range(4):
        assert isinstance(await ledger.reserve(both, "x"), Permit)
    assert isinstance(await ledger.reserve(both, "x", CallClass.BACKGROUND), Denied)


async def test_after_a_restore_every_key_rests_for_its_longest_window_and_hold(
    ledger: PostgresLedger, clock: ManualClock
) -> None:
    day = Allowance(id="day", provider="d", windows=(Window(max_calls=25, span_s=90_000),), hold_us=45_000_000)
    await ledger.declare(FIVE)
    await ledger.declare(day)
    assert await ledger.block_all("restored") == 2
    for allowance, us in ((FIVE, 105_000_000), (day, 90_045_000_000 - 105_000_000)):
        clock.advance_us(us - 1)
        answer = await ledger.reserve(allowance, "x")
        assert isinstance(answer, Denied)
        assert (answer.latest_us, answer.why) == (1, "restored")
        clock.advance_us(1)
        assert isinstance(await ledger.reserve(allowance, "x"), Permit)


async def test_a_providers_clock_that_is_off_is_told(ledger: PostgresLedger) -> None:
    await ledger.declare(FIVE)
    (usage,) = await ledger.usage([FIVE])
    assert (usage.clock_skew_s, usage.warning) == (None, None)
    await ledger.note_time(FIVE, datetime.now(UTC))
    (usage,) = await ledger.usage([FIVE])
    assert usage.warning is None
    await ledger.note_time(FIVE, datetime.now(UTC) - timedelta(hours=1))
    (usage,) = await ledger.usage([FIVE])
    assert usage.clock_skew_s == pytest.approx(-3600, abs=60)
    assert usage.warning is not None
    assert "behind" in usage.warning


@pytest.mark.parametrize("keep", [timedelta(0), timedelta(minutes=30)])
async def test_pruning_never_forgets_what_still_counts(
    database: Database, ledger: PostgresLedger, clock: ManualClock, keep: timedelta
) -> None:
    for permit in await reserve(ledger, 5):
        await ledger.settle(permit, OK)

    async def age(us: int) -> None:
        """Time passes on both clocks."""
        clock.advance_us(us)
        async with database.connection() as connection:
            for table in ("provider_calls SET last_wall = last_wall", "host_clocks SET seen_wall = seen_wall"):
                await connection.execute(f"UPDATE {table} - %s", [timedelta(microseconds=us)])

    bound = max(keep, 2 * timedelta(seconds=60 + 45)) // timedelta(microseconds=1)
    await age(bound - 1_000_000)
    assert await ledger.prune(keep, most=3) == 0
    await age(2_000_000)
    assert [await ledger.prune(keep, most=3) for _ in range(3)] == [3, 2, 0]


async def test_pruning_believes_no_jump_of_the_servers_time(database: Database, ledger: PostgresLedger) -> None:
    for permit in await reserve(ledger, 5):
        await ledger.settle(permit, OK)
    other = PostgresLedger(database, ManualClock(clock_id="another host"))
    await other.reserve(FIVE, "x")
    async with database.connection() as connection:
        await connection.execute(
            "CREATE OR REPLACE FUNCTION groat_server_time() RETURNS timestamptz LANGUAGE sql VOLATILE "
            "AS $$ SELECT clock_timestamp() + interval '400 days' $$"
        )
    assert await ledger.prune(timedelta(0), most=100) == await other.prune(timedelta(0), most=100) == 0
    await denied(ledger)
    assert isinstance(await other.reserve(FIVE, "x"), Denied)
