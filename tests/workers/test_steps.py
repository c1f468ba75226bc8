"""Steps run in order, their effects appear with `done` or not at all, and each way to end is kept apart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.domain.errors import DependencyDownError, GiveUpError, LaterError
from app.domain.pipelines import Part, RunState, StepReport, StepSpec, StepState
from tests.workers.conftest import pipeline, succeed, write

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

FAN = (StepSpec(name="fetch", summary="", fan_out_of="plan"), StepSpec(name="merge", summary="", needs=("fetch",)))


async def test_a_fan_out_runs_every_part_and_then_the_fan_in(bench: Bench) -> None:
    seen: list[dict[str, object]] = []

    async def plan(step: Step, _: House) -> None:
        parts = [Part(step="fetch", part=f"{n}", args={"n": n}) for n in range(300)]
        async with step.done(StepReport(done=len(parts), notes=("planned",)), parts) as unit:
            await write(unit, step)

    async def fetch(step: Step, house: House) -> None:
        seen.append(dict(step.args))
        await succeed(step, house)

    async def merge(step: Step, house: House) -> None:
        assert len(seen) == 300
        await succeed(step, house)

    await bench.work(pipeline({"plan": plan, "fetch": fetch, "merge": merge}, *FAN))
    run = await bench.start(year=2010)
    assert (await bench.ended(run, 30)).state is RunState.DONE
    assert sorted(row[0] for row in await bench.effects()) == ["fetch"] * 300 + ["merge", "plan"]  # type: ignore[type-var]  # text
    assert {"n": 7, "year": 2010} in seen
    done = await bench.step(run, "plan")
    assert done.report == StepReport(done=300, notes=("planned",))
    assert (done.attempt, done.crashes, done.error) == (1, 0, None)


async def test_a_page_makes_the_next_and_the_fan_in_waits_for_the_last(bench: Bench) -> None:
    async def plan(step: Step, _: House) -> None:
        async with step.done(StepReport(), [Part(step="fetch", part="1")]) as unit:
            await write(unit, step)

    async def fetch(step: Step, _: House) -> None:
        page = int(step.part)
        following = [Part(step="fetch", part=str(page + 1))] if page < 9 else []
        async with step.done(StepReport(), following) as unit:
            await write(unit, step)

    async def merge(step: Step, house: House) -> None:
        rows = await bench.sql("SELECT count(*) FROM effects WHERE step = 'fetch'")
        assert rows == [(9,)]
        await succeed(step, house)

    await bench.work(pipeline({"plan": plan, "fetch": fetch, "merge": merge}, *FAN))
    assert (await bench.ended(await bench.start())).state is RunState.DONE


async def test_a_fan_out_of_nothing_lets_the_fan_in_run(bench: Bench) -> None:
    await bench.work(pipeline({"plan": succeed, "fetch": succeed, "merge": succeed}, *FAN))
    assert (await bench.ended(await bench.start())).state is RunState.DONE
    assert await bench.effects() == [("merge", ""), ("plan", "")]


async def test_a_deferred_step_comes_back_uncharged_with_its_reason(bench: Bench) -> None:
    calls: list[int] = []

    async def wait(step: Step, house: House) -> None:
        calls.append(step.attempt)
        if len(calls) < 9:
            message = "5 of 5 calls are used until 14:20."
            raise LaterError(message, wait_s=0.01)
        if len(calls) == 9:
            message = "The quota is used up."
            raise LaterError(message, wait_s=0.6)
        await succeed(step, house)

    await bench.work(pipeline({"wait": wait}))
    run = await bench.start()

    async def shows_the_reason() -> bool:
        return (await bench.step(run, "wait")).error == "The quota is used up."

    await bench.until(shows_the_reason)
    assert (await bench.step(run, "wait")).attempt == 0
    assert (await bench.ended(run)).state is RunState.DONE
    assert calls == [1] * 10


async def test_a_provider_that_is_away_is_nobodys_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.runner.AWAY_S", 0.01)
    calls: list[int] = []

    async def ask(step: Step, house: House) -> None:
        calls.append(step.attempt)
        if len(calls) < 8:
            raise DependencyDownError
        await succeed(step, house)

    await bench.work(pipeline({"ask": ask}))
    assert (await bench.ended(await bench.start())).state is RunState.DONE
    assert calls == [1] * 8


async def test_a_failing_step_is_dead_after_five_attempts_and_the_rest_still_ends(bench: Bench) -> None:
    async def fail(step: Step, _: House) -> None:
        async with step.done(StepReport()) as unit:
            await write(unit, step)
            raise ValueError(step.attempt)

    steps = (StepSpec(name="after", summary="", needs=("bad",)), StepSpec(name="slow", summary=""))

    async def slow(step: Step, house: House) -> None:
        await asyncio.sleep(1)
        await succeed(step, house)

    await bench.work(pipeline({"bad": fail, "after": succeed, "slow": slow}, *steps))
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.FAILED
    bad = await bench.step(run, "bad")
    assert (bad.state, bad.attempt, bad.error) == (StepState.DEAD, 5, "ValueError: 5")
    assert (await bench.step(run, "after")).state is StepState.WAITING
    assert await bench.effects() == [("slow", "")]


async def test_giving_up_kills_at_once_and_retry_brings_back(bench: Bench) -> None:
    calls: list[int] = []

    async def pick(step: Step, house: House) -> None:
        calls.append(step.attempt)
        if len(calls) == 1:
            message = "The key may not read this."
            raise GiveUpError(message)
        await succeed(step, house)

    await bench.work(pipeline({"pick": pick}))
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.FAILED
    assert (await bench.step(run, "pick")).error == "GiveUpError: The key may not read this."
    assert await bench.house.pipelines.retry(run) == 1
    assert (await bench.ended(run)).state is RunState.DONE
    assert calls == [1, 1]


async def test_a_function_that_forgets_done_has_done_nothing(bench: Bench) -> None:
    async def forget(_step: Step, _house: House) -> None:
        return

    await bench.work(pipeline({"forget": forget}))
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.FAILED
    assert "without `step.done()`" in str((await bench.step(run, "forget")).error)


async def test_parts_that_are_not_declared_are_refused_with_their_effects(bench: Bench) -> None:
    async def split(step: Step, _: House) -> None:
        async with step.done(StepReport(), [Part(step="ghost", part="1")]) as unit:
            await write(unit, step)

    await bench.work(pipeline({"split": split}))
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.FAILED
    assert "no step 'ghost'" in str((await bench.step(run, "split")).error)
    assert await bench.effects() == []


async def test_an_error_with_odd_text_is_kept(bench: Bench) -> None:
    async def fail(_step: Step, _house: House) -> None:
        message = "nul \0 and much more " + "x" * 9000
        raise GiveUpError(message)

    await bench.work(pipeline({"fail": fail}))
    run = await bench.start()
    await bench.ended(run)
    error = str((await bench.step(run, "fail")).error)
    assert error.startswith("GiveUpError: nul \ufffd and")
    assert len(error) == 4000
