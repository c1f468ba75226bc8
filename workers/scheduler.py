"""The scheduler's door: `python -m workers.scheduler`, which `groat schedule` becomes.

A Taskiq scheduler whose source is the keeper: each reading of the schedule is a turn of it, under the same lock
as the keepers in the workers. So a dead scheduler stalls nothing, and two do no harm.
`taskiq scheduler workers.scheduler:scheduler --update-interval 1` is the same through Taskiq's own door.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import structlog
from taskiq import ScheduleSource, TaskiqScheduler
from taskiq.scheduler.scheduled_task import ScheduledTask

from app import settings as doors
from app.bootstrap import House
from app.domain.errors import DependencyDownError, GroatError
from app.queue import TASK, HintBroker
from app.telemetry import logging
from workers.held import end
from workers.keeper import Keeper
from workers.pipelines import registry

if TYPE_CHECKING:
    from app.ports.steps import Hint
    from app.settings import Settings
    from workers.pipelines import Registry

log = structlog.get_logger("groat.scheduler")

AT_ONCE = 50


class DueSteps(ScheduleSource):
    """A schedule source whose entries are the rows that are due in PostgreSQL; reading it marks them as hinted."""

    def __init__(self, house: House, keeper: Keeper) -> None:
        """Read through this keeper."""
        self.house = house
        self.keeper = keeper

    async def startup(self) -> None:
        """Open the House."""
        await self.house.__aenter__()

    async def shutdown(self) -> None:
        """Close the House."""
        await self.house.__aexit__(None, None, None)

    async def get_schedules(self) -> list[ScheduledTask]:
        """Keep once and return what is due now; nothing while PostgreSQL is away."""
        try:
            hints = await self.keeper.turn()
        except DependencyDownError as e:
            log.info("the scheduler waits", error=str(e))
            return []
        now = datetime.now(UTC)
        return [scheduled(hint, now) for hint in hints]


def scheduled(hint: Hint, now: datetime) -> ScheduledTask:
    """Return the Taskiq form of a hint that is due now (machine time)."""
    return ScheduledTask(
        task_name=TASK, labels={"queue": hint.queue}, args=[msgspec.to_builtins(hint)], kwargs={}, time=now
    )


def build(settings: Settings, pipelines: Registry) -> TaskiqScheduler:
    """Build the scheduler of these pipelines."""
    broker = HintBroker(settings.redis.url)
    house = House(settings, name="scheduler")
    specs = [pipeline.spec for pipeline in pipelines.values()]
    keeper = Keeper(house, specs, f"{socket.gethostname()}:{os.getpid()}:scheduler", broker.unread)
    return TaskiqScheduler(broker, [DueSteps(house, keeper)])


def scheduler() -> TaskiqScheduler:
    """Build the scheduler from the environment, for `taskiq scheduler workers.scheduler:scheduler`."""
    return build(doors.load(), registry())


async def run(scheduler: TaskiqScheduler, every_s: float) -> None:
    """Send what the sources say is due, for ever.

    Taskiq's own loop steps in whole seconds and ends with the first unforeseen error; this one does neither.
    """
    for source in scheduler.sources:
        await source.startup()
    await scheduler.startup()
    try:
        while True:
            for source in scheduler.sources:
                try:
                    await send(scheduler, source, await source.get_schedules())
                except Exception:
                    log.exception("the scheduler failed in one round")
            await asyncio.sleep(every_s * random.uniform(0.9, 1.1))  # noqa: S311  jitter
    finally:
        await scheduler.shutdown()
        for source in scheduler.sources:
            await source.shutdown()


async def send(scheduler: TaskiqScheduler, source: ScheduleSource, due: list[ScheduledTask]) -> None:
    """Send what is due, some at once; what the queue does not take now is due again later."""
    for start in range(0, len(due), AT_ONCE):
        sending = [scheduler.on_ready(source, task) for task in due[start : start + AT_ONCE]]
        results = await asyncio.gather(*sending, return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            log.info("the queue takes no hints now", error=str(failed[0]), hints=len(failed))
            return


async def serve(settings: Settings, pipelines: Registry) -> None:
    """Schedule until a signal asks to stop."""
    task = asyncio.create_task(run(build(settings, pipelines), settings.worker.keeper_s))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await end(task)


def main() -> None:
    """Schedule until SIGTERM or SIGINT."""
    settings = doors.load()
    logging.configure(level=settings.log_level, form=settings.log_format, secrets=doors.secret_values(settings))
    asyncio.run(serve(settings, registry()))


if __name__ == "__main__":
    try:
        main()
    except GroatError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
