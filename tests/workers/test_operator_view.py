"""What the API sees of pipelines, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.bootstrap import House
from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.pipelines import PipelineSpec, RunState, StepSpec, StepState
from app.services.start_pipeline import start_pipeline
from app.settings import load

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

SPEC = PipelineSpec(
    name="demo",
    summary="Shows the way.",
    cron="0 17 * * 1-5",
    steps=(
        StepSpec(name="plan", summary="", deadline_s=7),
        StepSpec(name="fetch", summary="", fan_out_of="plan", queue="long"),
        StepSpec(name="merge", summary="", needs=("fetch",)),
    ),
)
NOW = datetime(2010, 4, 26, 14, tzinfo=UTC)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with House(load({"DATABASE_URL": database_url}), name="test") as house:
        yield house


async def test_nothing_is_declared_until_a_worker_starts(house: House) -> None:
    assert list(await house.pipelines.list()) == []
    with pytest.raises(UnknownSubjectError, match="start a worker once"):
        await house.pipelines.start("demo", "w", {})


async def test_a_declared_pipeline_is_due_at_once(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    [view] = await house.pipelines.list()
    assert (view.spec, view.next_due, view.paused, view.last_run) == (SPEC, NOW, False, None)


async def test_declaring_again_keeps_the_promise_and_the_pause(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    await house.pipelines.pause("demo")
    await house.spine.schedule.declare([SPEC], NOW.replace(year=2011))
    [view] = await house.pipelines.list()
    assert (view.next_due, view.paused) == (NOW, True)


async def test_a_run_starts_once_however_often_it_is_asked_for(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    asked = [house.pipelines.start("demo", "backfill:2010", {"from": "2010-01-04"}) for _ in range(8)]
    answers = await asyncio.gather(*asked)
    assert len({number for number, _ in answers}) == 1
    assert sorted(new for _, new in answers) == [False] * 7 + [True]
    run = await house.pipelines.run(answers[0][0])
    assert (run.window, run.args, run.state) == ("backfill:2010", {"from": "2010-01-04"}, RunState.RUNNING)
    assert run.steps == {StepState.READY: 1, StepState.WAITING: 1}
    assert run.created_at.tzinfo is not None


async def test_steps_come_in_pages(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    number, _ = await house.pipelines.start("demo", "w", {})
    first = await house.pipelines.steps(number, after=None, limit=1)
    rest = await house.pipelines.steps(number, after=(first[0].step, first[0].part), limit=10)
    assert [(step.step, step.state, step.needs) for step in (*first, *rest)] == [
        ("merge", StepState.WAITING, ("fetch", "plan")),
        ("plan", StepState.READY, ()),
    ]


async def test_runs_come_latest_first_in_pages(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    numbers = [(await house.pipelines.start("demo", f"w{n}", {}))[0] for n in range(3)]
    page = await house.pipelines.runs("demo", before_id=None, limit=2)
    assert [run.id for run in page] == numbers[:0:-1]
    assert [run.id for run in await house.pipelines.runs(None, before_id=page[-1].id, limit=2)] == numbers[:1]
    [view] = await house.pipelines.list()
    assert view.last_run is not None
    assert view.last_run.id == numbers[-1]


async def test_unknown_names_and_numbers_are_said(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    for ask in (
        house.pipelines.run(99),
        house.pipelines.steps(99, after=None, limit=1),
        house.pipelines.retry(99),
        house.pipelines.pause("ghost"),
        house.pipelines.runs("ghost", before_id=None, limit=1),
    ):
        with pytest.raises(UnknownSubjectError, match=r"no run 99|no pipeline 'ghost'. Declared are: demo"):
            await ask


@pytest.mark.parametrize("window", ["", "x" * 201, "a\0b", "a\nb"])
async def test_a_window_that_cannot_be_stored_is_refused(house: House, window: str) -> None:
    with pytest.raises(InvalidRequestError, match="printable"):
        await start_pipeline(house.pipelines, pipeline="demo", window=window, args={})


async def test_arguments_are_bounded_and_odd_text_is_kept(house: House) -> None:
    await house.spine.schedule.declare([SPEC], NOW)
    with pytest.raises(InvalidRequestError, match="64 KiB"):
        await start_pipeline(house.pipelines, pipeline="demo", window="w", args={"a": "x" * 70_000})
    number, _ = await start_pipeline(house.pipelines, pipeline="demo", window="w", args={"a": "\0\U0001f40b"})
    assert (await house.pipelines.run(number)).args == {"a": "\ufffd\U0001f40b"}
