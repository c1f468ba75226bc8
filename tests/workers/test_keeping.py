"""The keeper and the scheduler: any number may live, and none of them starts a window twice."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.bootstrap import House
from app.domain.pipelines import PipelineSpec, RunState, StepSpec
from app.ports.steps import Hint
from app.queue import HintBroker
from tests.workers.conftest import pipeline, succeed
from workers import pipelines, scheduler
from workers.held import end
from workers.keeper import FULL, LOW, Keeper
from workers.pipelines import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.pipelines import Queue
    from app.settings import Settings
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


async def nothing_unread() -> dict[Queue, int]:
    return {"fast": 0, "long": 0}


def hourly(catch_up: str = "all") -> PipelineSpec:
    steps = (StepSpec(name="a", summary=""),)
    return PipelineSpec(name="demo", summary="", cron="0 * * * *", tz="UTC", catch_up=catch_up, steps=steps)  # type: ignore[arg-type]  # both are tried


class Frozen:
    """A market clock that a test sets."""

    clock_id, speed = "test", 1.0

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def quota_us(self) -> int:
        return 0

    def machine_s(self, market: timedelta) -> float:
        return market.total_seconds()


@pytest.mark.parametrize(("catch_up", "windows"), [("all", 31), ("latest", 1)])
async def test_keepers_that_race_start_each_window_once(bench: Bench, catch_up: str, windows: int) -> None:
    now = datetime(2026, 3, 8, 12, 20, tzinfo=UTC)
    bench.house.clock = Frozen(now)
    spec = hourly(catch_up)
    await bench.house.spine.schedule.declare([spec], now - timedelta(hours=30, minutes=20))

    async def race() -> None:
        keeper = Keeper(bench.house, [spec], "racer", nothing_unread)
        keeper._declared, keeper.every_s = True, 0
        await keeper.turn()

    await asyncio.gather(*(race() for _ in range(20)))
    assert await bench.sql("SELECT count(*), count(DISTINCT win) FROM pipeline_runs") == [(windows, windows)]
    assert await bench.sql("SELECT next_due FROM pipelines") == [(datetime(2026, 3, 8, 13, tzinfo=UTC),)]


async def test_even_without_the_lock_no_window_starts_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.db.pipeline_schedule.TURN", "SELECT %(owner)s, %(lock)s, %(pause_s)s")
    now = datetime(2026, 3, 8, 12, 20, tzinfo=UTC)
    bench.house.clock = Frozen(now)
    await bench.house.spine.schedule.declare([hourly()], now - timedelta(hours=30, minutes=20))
    keepers = [Keeper(bench.house, [hourly()], "racer", nothing_unread) for _ in range(20)]
    await asyncio.gather(*(keeper.turn() for keeper in keepers))
    assert await bench.sql("SELECT count(*), count(DISTINCT win) FROM pipeline_runs") == [(31, 31)]


async def test_a_second_keeper_spares_itself_the_work(bench: Bench) -> None:
    keepers = [Keeper(bench.house, [hourly()], name, nothing_unread) for name in ("first", "second")]
    for keeper in keepers:
        keeper.every_s = 60
    assert len(await keepers[0].turn()) == 1
    await bench.sql("UPDATE pipeline_steps SET hint_at = now()")
    assert await keepers[1].turn() == []
    view = await bench.house.pipelines.keeper()
    assert view.owner == "first"
    assert view.age_s is not None
    assert 0 <= view.age_s < 60


async def test_a_market_clock_that_is_set_back_starts_nothing_and_goes_on(bench: Bench) -> None:
    clock = bench.house.clock = Frozen(datetime(2010, 5, 6, 12, tzinfo=UTC))
    keeper = Keeper(bench.house, [hourly()], "me", nothing_unread)
    keeper.every_s = 0
    await keeper.turn()
    clock.moment = datetime(2010, 4, 26, 12, 30, tzinfo=UTC)
    await keeper.turn()
    assert await bench.sql("SELECT next_due FROM pipelines") == [(datetime(2010, 4, 26, 13, tzinfo=UTC),)]
    clock.moment = datetime(2010, 4, 26, 13, tzinfo=UTC)
    await keeper.turn()
    assert await bench.sql("SELECT win FROM pipeline_runs ORDER BY id") == [
        ("2010-05-06T12:00:00+00:00",),
        ("2010-04-26T13:00:00+00:00",),
    ]


async def test_a_paused_pipeline_does_not_tick_and_catches_up_when_resumed(bench: Bench) -> None:
    clock = bench.house.clock = Frozen(datetime(2010, 5, 6, 12, tzinfo=UTC))
    keeper = Keeper(bench.house, [hourly("latest")], "me", nothing_unread)
    keeper.every_s = 0
    await keeper.turn()
    await bench.house.pipelines.pause("demo")
    clock.moment += timedelta(hours=5, minutes=1)
    await keeper.turn()
    assert await bench.sql("SELECT count(*) FROM pipeline_runs") == [(1,)]
    await bench.house.pipelines.resume("demo")
    await keeper.turn()
    assert await bench.sql("SELECT max(win) FROM pipeline_runs") == [("2010-05-06T17:00:00+00:00",)]


async def test_a_pipeline_that_nobody_declares_any_more_is_not_ticked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.keeper.STAND_BY_S", 0)
    clock = bench.house.clock = Frozen(datetime(2010, 5, 6, 12, tzinfo=UTC))
    await bench.house.spine.schedule.declare([hourly("latest")], clock.now())
    await bench.sql("UPDATE pipelines SET declared_at = now() - interval '1 h'")
    with_it = Keeper(bench.house, [hourly("latest")], "new", nothing_unread)
    without = Keeper(bench.house, [], "old", nothing_unread)
    with_it.every_s = without.every_s = 0
    await without.turn()
    assert await bench.sql("SELECT count(*) FROM pipeline_runs") == [(0,)]
    await with_it.turn()
    clock.moment += timedelta(hours=1)
    await without.turn()
    assert await bench.sql("SELECT count(*) FROM pipeline_runs") == [(2,)]
    await bench.sql("UPDATE pipelines SET declared_at = now() - interval '1 h'")
    clock.moment += timedelta(hours=1)
    await with_it.turn()
    assert await bench.sql("SELECT count(*) FROM pipeline_runs") == [(3,)]


async def test_a_declaration_of_a_newer_version_is_left_to_it(bench: Bench) -> None:
    await bench.house.spine.schedule.declare([hourly()], bench.house.clock.now())
    await bench.sql("""UPDATE pipelines SET spec = spec || '{"colour": "green"}'""")
    keeper = Keeper(bench.house, [], "old", nothing_unread)
    keeper._declared = True
    assert await keeper.turn() == []
    assert await bench.sql("SELECT count(*) FROM pipeline_runs") == [(0,)]


async def test_times_that_no_clock_could_have_set_are_mended(bench: Bench) -> None:
    worker = await bench.work(pipeline({"a": succeed}), keeper=False)
    ready, running = await bench.start(), await bench.start()
    await bench.sql("UPDATE pipeline_steps SET (free_at, hint_at) = (now() + interval '30 h', now() + interval '30 h')")
    await bench.sql("UPDATE pipeline_steps SET state = 'running', fence = 1 WHERE run_id = %s", running)
    worker.keeper.every_s = 0
    for run in (ready, running):

        async def over(run: int = run) -> bool:
            await worker.broker.hint(await worker.keeper.turn())
            return (await bench.house.pipelines.run(run)).state is RunState.DONE

        await bench.until(over)


async def test_a_queue_is_filled_up_only_when_it_runs_low(bench: Bench) -> None:
    unread: dict[Queue, int] = {"fast": LOW, "long": 0}

    async def count() -> dict[Queue, int]:
        return unread

    steps = (StepSpec(name="f", summary=""), StepSpec(name="l", summary="", queue="long"))
    spec = PipelineSpec(name="demo", summary="", cron="0 0 29 2 *", steps=steps)
    keeper = Keeper(bench.house, [spec], "me", count)
    keeper.every_s = 0
    assert [hint.step for hint in await keeper.turn()] == ["l"]
    unread["fast"] = LOW - 1
    assert [hint.step for hint in await keeper.turn()] == ["f"]
    assert FULL > LOW


async def test_no_lease_runs_out_while_nobody_could_renew_it(bench: Bench) -> None:
    await bench.work(pipeline({"a": succeed}), keeper=False)
    run = await bench.start()
    await bench.sql("UPDATE pipeline_steps SET state = 'running', free_at = now() - interval '1 s', hint_at = now()")
    keeper = Keeper(bench.house, [], "me", nothing_unread)
    keeper._declared, keeper.every_s = True, 0
    # PostgreSQL is younger than this lease: nobody may conclude anything from a lease that ran out.
    bench.house.spine.schedule.times = bench.house.spine.schedule.times.__class__(
        lease_s=86_400 * 365, resend_s=1, backoff_s=1
    )
    assert await keeper.turn() == []
    assert (await bench.step(run, "a")).state == "running"


async def test_after_a_silence_the_hearts_get_a_lease_to_catch_up(bench: Bench) -> None:
    await bench.work(pipeline({"a": succeed}), keeper=False)
    await bench.start()
    await bench.sql("UPDATE pipeline_steps SET state = 'running', free_at = now() - interval '1 s', hint_at = now()")
    keeper = Keeper(bench.house, [], "me", nothing_unread)
    keeper._declared, keeper.every_s = True, 0
    # It kept a minute ago, and could not since.
    keeper._last_turn = time.monotonic() - 60
    assert await keeper.turn() == []
    keeper._trusts_leases_from -= bench.house.settings.worker.lease_s
    assert [hint.step for hint in await keeper.turn()] == ["a"]


async def test_twenty_workers_that_died_with_a_step_bury_it(bench: Bench) -> None:
    await bench.work(pipeline({"a": succeed}))
    run = await bench.start()
    await bench.ended(run)
    await bench.sql("UPDATE pipeline_runs SET state = 'running', ended_at = NULL")
    await bench.sql("UPDATE pipeline_steps SET state = 'running', crashes = 20, free_at = now(), owner = 'last'")
    assert (await bench.ended(run)).state is RunState.FAILED
    assert (await bench.step(run, "a")).error == "21 workers died with this step, the last was last."


async def test_the_taskiq_scheduler_alone_gets_everything_done(
    bench: Bench, settings_for: Callable[..., Settings]
) -> None:
    demo = pipeline({"a": succeed, "b": succeed}, StepSpec(name="b", summary="", needs=("a",)))
    await bench.work(demo, keeper=False)
    run = await bench.start()
    made = scheduler.build(settings_for(), {"demo": demo})
    task = asyncio.create_task(scheduler.run(made, 0.1))
    try:
        assert (await bench.ended(run)).state is RunState.DONE
        view = await bench.house.pipelines.keeper()
        assert str(view.owner).endswith(":scheduler")
    finally:
        await end(task)
    assert task.cancelled()


async def test_two_schedulers_and_two_workers_double_nothing(
    bench: Bench, settings_for: Callable[..., Settings]
) -> None:
    each_minute = pipeline({"a": succeed}, cron="* * * * *")
    bench.house.clock = Frozen(datetime(2010, 5, 6, 12, tzinfo=UTC))
    await bench.work(each_minute)
    await bench.work(each_minute)
    made = [scheduler.build(settings_for(), {"demo": each_minute}) for _ in range(2)]
    tasks = [asyncio.create_task(scheduler.run(one, 0.1)) for one in made]
    try:
        runs = [await bench.start() for _ in range(40)]
        for run in runs:
            assert (await bench.ended(run)).state is RunState.DONE
    finally:
        for task in tasks:
            await end(task)
    assert len(await bench.effects()) == 40


async def test_a_scheduled_hint_reads_as_the_worker_sends_it(
    queue_url: str, settings_for: Callable[..., Settings]
) -> None:
    hint = Hint(run_id=1, step="a", part="b", pipeline="demo", queue="long", solo=True)
    broker = HintBroker(queue_url)
    assert await broker.hint([hint])
    made = scheduler.build(settings_for(), {})
    await scheduler.send(made, made.sources[0], [scheduler.scheduled(hint, datetime.now(UTC))])
    bodies = await broker._pop()
    assert len({str(broker.formatter.loads(body).args) for body in bodies}) == 1
    assert len(bodies) == 2
    await broker.shutdown()
    await made.shutdown()


def test_a_pipeline_needs_one_function_for_each_step() -> None:
    spec = hourly()
    with pytest.raises(Exception, match="do not match: a, b"):
        Pipeline(spec=spec, run={"b": succeed})


def test_the_registry_holds_every_module_of_its_folder() -> None:
    folder = Path(str(pipelines.__file__)).parent
    assert set(pipelines.registry()) == {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_house_is_not_opened_by_building_a_scheduler(settings_for: Callable[..., Settings]) -> None:
    source = scheduler.build(settings_for(), {}).sources[0]
    assert isinstance(source, scheduler.DueSteps)
    assert isinstance(source.house, House)
    assert source.house.database.pool.closed
