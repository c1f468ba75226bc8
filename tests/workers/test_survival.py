"""Leases, fences, deadlines and deploys: what one worker does when others, or its own steps, misbehave."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.errors import DependencyDownError, FencedError
from app.domain.pipelines import Part, RunState, StepReport, StepSpec, StepState
from app.ports.steps import Claim, StepKey
from tests.workers.conftest import pipeline, succeed, write
from workers.heart import STUCK, Heart
from workers.held import Held, end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.bootstrap import House
    from app.ports.steps import Step
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


async def test_a_zombie_writes_nothing_after_another_took_over(bench: Bench) -> None:
    refused: list[str] = []

    async def sleepy(step: Step, _: House) -> None:
        if not refused:
            await bench.sql("UPDATE pipeline_steps SET fence = fence + 1, owner = 'another'")
            try:
                async with step.done(StepReport()) as unit:
                    await write(unit, step)
            except FencedError as e:
                refused.append(str(e))
                raise

    worker = await bench.work(pipeline({"sleepy": sleepy}))
    run = await bench.start()
    await bench.until(lambda: bool(refused) and not len(worker.held))
    assert refused == [f"step {run}/sleepy/ was taken over: nothing was written."]
    assert await bench.effects() == []
    step = await bench.step(run, "sleepy")
    assert (step.state, step.owner, step.attempt) == (StepState.RUNNING, "another", 1)


async def test_the_heart_cancels_what_was_lost(bench: Bench) -> None:
    seen: list[str] = []

    async def sleepy(step: Step, house: House) -> None:
        if seen:
            await succeed(step, house)
            return
        seen.append("began")
        await bench.sql(
            "UPDATE pipeline_steps SET fence = fence + 1, state = 'ready', hint_at = now(), free_at = now()"
        )
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    await bench.work(pipeline({"sleepy": sleepy}), lease_s="0.6")
    assert (await bench.ended(await bench.start())).state is RunState.DONE
    await bench.until(lambda: seen == ["began", "cancelled"])
    assert len(await bench.effects()) == 1


async def test_a_step_that_keeps_the_loop_busy_keeps_its_lease(bench: Bench) -> None:
    async def busy(step: Step, house: House) -> None:
        ends_at = time.monotonic() + 2.5
        while time.monotonic() < ends_at:
            sum(range(10_000))
        await succeed(step, house)

    async with bench.working(pipeline({"busy": busy}), lease_s="0.8"):
        run = await bench.start()
        assert (await bench.ended(run)).state is RunState.DONE
    step = await bench.step(run, "busy")
    assert (step.attempt, step.crashes) == (1, 0)
    assert await bench.sql("SELECT fence FROM pipeline_steps") == [(1,)]


async def test_a_long_last_transaction_does_not_cost_the_others_their_leases(bench: Bench) -> None:
    async def slow_write(step: Step, _: House) -> None:
        async with step.done(StepReport()) as unit:
            await unit.execute("SELECT pg_sleep(2)")  # type: ignore[attr-defined]  # a psycopg connection
            await write(unit, step)

    async def beside(step: Step, house: House) -> None:
        await asyncio.sleep(2)
        await succeed(step, house)

    await bench.work(pipeline({"slow_write": slow_write, "beside": beside}), lease_s="0.6")
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.DONE
    assert await bench.effects() == [("beside", ""), ("slow_write", "")]
    assert await bench.sql("SELECT fence, attempt, crashes FROM pipeline_steps") == [(1, 1, 0)] * 2


@pytest.mark.parametrize("where", ["loop", "thread"])
async def test_a_hung_step_is_cancelled_at_its_deadline_and_charged(bench: Bench, where: str) -> None:
    calls: list[int] = []
    go_on = threading.Event()

    async def hang(step: Step, house: House) -> None:
        calls.append(step.attempt)
        if len(calls) == 2:
            await succeed(step, house)
        elif where == "loop":
            await asyncio.sleep(60)
        else:
            await asyncio.to_thread(go_on.wait, 60)

    await bench.work(pipeline({"hang": hang}, StepSpec(name="hang", summary="", deadline_s=0.5)), lease_s="0.6")
    run = await bench.start()
    try:
        assert (await bench.ended(run)).state is RunState.DONE
    finally:
        go_on.set()
    assert calls == [1, 2]
    assert (await bench.step(run, "hang")).crashes == 0


class Beats:
    """Stands in for the database's side of the heart: everything is held, and what is given up is noted."""

    def __init__(self) -> None:
        self.given_up: list[tuple[list[str], list[str]]] = []

    def beat(self, _claims: Sequence[Claim]) -> list[Claim]:
        return []

    def give_up(self, overdue: Sequence[Claim], others: Sequence[Claim]) -> None:
        self.given_up.append(([claim.step for claim in overdue], [claim.step for claim in others]))

    def close(self) -> None:
        return


def claim(step: str, deadline_s: float) -> Claim:
    return Claim(
        run_id=1, step=step, fence=1, attempt=1, crashes=0, pipeline="demo", window="w", args={}, queue="fast",
        deadline_s=deadline_s,
    )  # fmt: skip


async def test_a_worker_that_cannot_cancel_a_step_gives_back_the_rest_and_ends_itself() -> None:
    held, beats, ended = Held(), Beats(), threading.Event()
    codes: list[int] = []
    stubborn = asyncio.create_task(asyncio.Event().wait())
    held.add(claim("stubborn", 0.05), stubborn)  # type: ignore[arg-type]  # only its end matters
    held.add(claim("beside", 60), asyncio.create_task(asyncio.sleep(60)))

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    heart = Heart(held, beats, 0.15, asyncio.get_running_loop(), end)
    heart.start()
    await asyncio.sleep(0)
    # The loop is kept busy, so that the cancellation cannot arrive.
    assert ended.wait(10)
    heart._stop_asked.set()
    heart.join(5)
    assert codes[0] == STUCK
    assert beats.given_up[0] == (["stubborn"], ["beside"])


async def test_giving_up_charges_the_stuck_step_and_releases_the_others(bench: Bench) -> None:
    await bench.work(pipeline({"stuck": succeed, "beside": succeed}), max_async_tasks="1", keeper=False)
    run = await bench.start()
    store = bench.house.spine.steps
    keys = [StepKey(run_id=run, step=name) for name in ("stuck", "beside")]
    claims = {each.step: each for each in await store.claim(keys, "me")}
    beats = bench.house.spine.heartbeat("test")
    assert beats.beat(list(claims.values())) == []
    beats.give_up([claims["stuck"]], [claims["beside"]])
    assert beats.beat([claims["stuck"]]) == [claims["stuck"]]
    beats.close()
    stuck, beside = await bench.step(run, "stuck"), await bench.step(run, "beside")
    assert (stuck.state, stuck.attempt, stuck.crashes) == (StepState.READY, 1, 0)
    assert "could not be cancelled" in str(stuck.error)
    assert (beside.state, beside.attempt, beside.error) == (StepState.READY, 0, None)


async def test_a_stopping_worker_finishes_what_it_can_and_gives_back_the_rest(bench: Bench) -> None:
    began: list[str] = []

    async def quick(step: Step, house: House) -> None:
        began.append(step.name)
        await asyncio.sleep(0.3)
        await succeed(step, house)

    async def slow(step: Step, house: House) -> None:
        began.append(step.name)
        await asyncio.sleep(1 if began.count("slow") > 1 else 60)
        await succeed(step, house)

    demo = pipeline({"quick": quick, "slow": slow})
    async with bench.working(demo, grace_s="0.8"):
        run = await bench.start()
        await bench.until(lambda: len(began) == 2)
    quick_step, slow_step = await bench.step(run, "quick"), await bench.step(run, "slow")
    assert (quick_step.state, slow_step.state) == (StepState.DONE, StepState.READY)
    assert (slow_step.attempt, slow_step.crashes, slow_step.error) == (0, 0, None)
    await bench.work(demo)
    assert (await bench.ended(run)).state is RunState.DONE
    assert await bench.effects() == [("quick", ""), ("slow", "")]


async def test_an_old_worker_leaves_a_new_step_to_a_new_worker_and_says_so(bench: Bench) -> None:
    new = pipeline({"old": succeed, "new": succeed}, StepSpec(name="new", summary="", needs=("old",)))
    async with bench.working(pipeline({"old": succeed})) as old:
        await bench.house.spine.schedule.declare([new.spec], bench.house.clock.now())
        run = await bench.start()

        async def is_noted() -> bool:
            return "does not know this step" in str((await bench.step(run, "new")).error)

        await bench.until(is_noted)
        step = await bench.step(run, "new")
        assert (step.state, step.attempt) == (StepState.READY, 0)
        assert old.owner in str(step.error)
        async with bench.working(new):
            assert (await bench.ended(run)).state is RunState.DONE
    assert (await bench.step(run, "new")).error is None


async def test_hints_that_come_doubled_and_in_any_order_do_no_harm(bench: Bench) -> None:
    async def split(step: Step, _: House) -> None:
        async with step.done(StepReport(), [Part(step="each", part=str(n)) for n in range(60)]) as unit:
            await write(unit, step)

    fan = StepSpec(name="each", summary="", fan_out_of="split")
    worker = await bench.work(pipeline({"split": split, "each": succeed}, fan))
    send, order = worker.broker.hint, __import__("random").Random(7)

    async def shuffled(hints: Sequence[object]) -> bool:
        copies = [hint for hint in hints for _ in range(order.randint(1, 5))]
        order.shuffle(copies)
        return await send(copies)  # type: ignore[arg-type]  # hints

    worker.runner._send = shuffled
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.DONE
    assert len(await bench.effects()) == 61
    assert await bench.sql("SELECT max(fence) FROM pipeline_steps") == [(1,)]


async def test_a_claim_whose_answer_is_lost_is_given_back_uncharged(bench: Bench) -> None:
    worker = await bench.work(pipeline({"a": succeed}), lease_s="60")
    steps = worker.house.spine.steps
    claim = steps.claim
    lost: list[Claim] = []

    async def answer_lost(*args: Any, **options: Any) -> list[Claim]:
        claims = await claim(*args, **options)
        if claims and not lost:
            lost.extend(claims)
            raise DependencyDownError
        return claims

    steps.claim = answer_lost  # type: ignore[method-assign]  # the network between them
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.DONE
    assert [each.step for each in lost] == ["a"]
    step = await bench.step(run, "a")
    assert (step.attempt, step.crashes) == (1, 0)


async def test_a_worker_that_freezes_in_its_last_transaction_loses_the_step(bench: Bench) -> None:
    calls: list[int] = []

    async def freeze(step: Step, _: House) -> None:
        calls.append(step.attempt)
        async with step.done(StepReport()) as unit:
            await write(unit, step)
            if len(calls) == 1:
                await asyncio.sleep(8)

    await bench.work(pipeline({"freeze": freeze}), lease_s="0.6")
    assert (await bench.ended(await bench.start())).state is RunState.DONE
    assert len(calls) == 2
    assert len(await bench.effects()) == 1


async def test_a_task_that_swallows_its_cancellation_is_cancelled_again() -> None:
    swallowed: list[int] = []

    async def deaf() -> None:
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 10)
    assert task.cancelled()
    assert len(swallowed) == 2
