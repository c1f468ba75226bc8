"""Workers in the test's own event loop, on a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from app.bootstrap import House
from app.domain.pipelines import PipelineSpec, StepReport, StepSpec
from app.settings import load
from workers.pipelines import Pipeline, StepFunction
from workers.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from app.ports.pipelines import RunView, StepView
    from app.ports.steps import Step
    from app.settings import Settings

NEVER = "0 0 29 2 *"


def pipeline(run: Mapping[str, StepFunction], *steps: StepSpec, name: str = "demo", cron: str = NEVER) -> Pipeline:
    """Make a pipeline of these functions; steps that are not described need nothing."""
    described = {step.name for step in steps}
    rest = tuple(StepSpec(name=step, summary="") for step in run if step not in described)
    return Pipeline(spec=PipelineSpec(name=name, summary="", cron=cron, steps=(*steps, *rest)), run=run)


async def write(unit: Any, step: Step) -> None:
    """The effect of a test step: one row in a table that allows doubles."""
    await unit.execute("INSERT INTO effects VALUES (%s, %s, %s)", (step.run_id, step.name, step.part))


async def succeed(step: Step, _: House) -> None:
    async with step.done(StepReport(done=1)) as unit:
        await write(unit, step)


async def never(_: object) -> None:
    await asyncio.Event().wait()


class Bench:
    """What a test needs of the spine: start workers and runs, wait, look."""

    def __init__(self, settings: Callable[..., Settings], house: House, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.house = house
        self._stack = stack
        self._runs = 0

    async def work(self, *pipelines: Pipeline, keeper: bool = True, **options: str) -> Worker:
        """Start a worker that lives until the test ends."""
        return await self._stack.enter_async_context(self.working(*pipelines, keeper=keeper, **options))

    @asynccontextmanager
    async def working(self, *pipelines: Pipeline, keeper: bool = True, **options: str) -> AsyncIterator[Worker]:
        specs = [each.spec for each in pipelines]
        await self.house.spine.schedule.declare(specs, self.house.clock.now())
        # A new pipeline runs at once; tests start their own runs.
        await self.sql("UPDATE pipelines SET next_due = now() + interval '20 years'")
        worker = Worker(self.settings(**options), {each.spec.name: each for each in pipelines}, ("false",))
        if not keeper:
            worker.keeper.run = never  # type: ignore[assignment, method-assign]  # it keeps nothing
        stop = asyncio.Event()
        serving = asyncio.create_task(worker.serve(stop))
        try:
            await self.until(lambda: worker.heart is not None and worker.heart.is_alive())
            if keeper:
                await self.until(lambda: worker.keeper._declared)
            yield worker
        finally:
            stop.set()
            await asyncio.wait_for(serving, 20)

    async def start(self, name: str = "demo", **args: object) -> int:
        self._runs += 1
        number, _ = await self.house.pipelines.start(name, f"test-{self._runs}", args)
        return number

    async def ended(self, run: int, within_s: float = 20) -> RunView:
        async def is_over() -> bool:
            return (await self.house.pipelines.run(run)).ended_at is not None

        await self.until(is_over, within_s)
        return await self.house.pipelines.run(run)

    async def step(self, run: int, name: str, part: str = "") -> StepView:
        steps = await self.house.pipelines.steps(run, after=None, limit=1000)
        return next(step for step in steps if (step.step, step.part) == (name, part))

    async def effects(self) -> list[tuple[object, ...]]:
        return await self.sql("SELECT step, part FROM effects ORDER BY step, part")

    async def sql(self, text: str, *values: object) -> list[tuple[object, ...]]:
        async with self.house.database.connection() as unit:
            cursor = await unit.execute(text, values)
            return await cursor.fetchall() if cursor.description else []

    async def until(self, condition: Callable[[], bool | Awaitable[bool]], within_s: float = 20) -> None:
        ends_at = time.monotonic() + within_s
        while True:
            found = condition()
            if found is True or (not isinstance(found, bool) and await found):
                return
            assert time.monotonic() < ends_at, "it did not happen in time"
            await asyncio.sleep(0.02)


@pytest.fixture
def settings_for(database_url: str, queue_url: str) -> Callable[..., Settings]:
    with Redis.from_url(queue_url) as queue:
        queue.flushdb()

    def build(**options: str) -> Settings:
        times = {"lease_s": "1.5", "keeper_s": "0.1", "resend_s": "0.5", "backoff_s": "0.01", "grace_s": "5", **options}
        names = {f"GROAT_WORKER__{name.upper()}": value for name, value in times.items()}
        return load({"DATABASE_URL": database_url, "REDIS_URL": queue_url, **names})

    return build


@pytest.fixture
async def bench(settings_for: Callable[..., Settings]) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(House(settings_for(), name="test"))
        bench = Bench(settings_for, house, stack)
        await bench.sql("CREATE TABLE effects (run_id bigint, step text, part text)")
        yield bench
