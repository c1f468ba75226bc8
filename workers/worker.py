"""One worker process: Taskiq's receiver feeds the runner; the heart, the keeper and solo children beside it."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from taskiq import TaskiqEvents, TaskiqState
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver

from app.bootstrap import House
from app.domain.pipelines import QUEUES, Queue
from app.ports.steps import Hint
from app.queue import TASK, HintBroker
from workers.heart import Heart
from workers.held import Held, end
from workers.keeper import Keeper
from workers.runner import Runner
from workers.solo import Solo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.settings import Settings
    from workers.pipelines import Registry

log = structlog.get_logger("groat.worker")

# Places that long steps may not take, so that a quick one never waits for them.
KEPT_FOR_FAST = 2
RELEASE_S = 3.0


class Worker:
    """The parts of a worker, started and stopped by its broker's events, so that any Taskiq door works.

    `solo_argv` starts a child of the same kind (`python -m workers.main`).
    """

    def __init__(
        self, settings: Settings, registry: Registry, solo_argv: Sequence[str], *, name: str = "worker"
    ) -> None:
        """Build the parts without touching the network."""
        self.settings = settings.worker
        self.name = name
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        self.registry = registry
        self.house = House(settings, name=name)
        self.broker = HintBroker(settings.redis.url, places=self.places)
        self.held = Held()
        self.runner = Runner(self.house, registry, self.held, self.owner, self.broker.hint)
        self.solo = Solo(self.runner, solo_argv)
        specs = [pipeline.spec for pipeline in registry.values()]
        self.keeper = Keeper(self.house, specs, self.owner, self.broker.unread)
        self.heart: Heart | None = None
        self._busy: dict[Queue, int] = dict.fromkeys(QUEUES, 0)
        self._keeping: asyncio.Task[None] | None = None

        # Taskiq renames what it registers, which a method does not allow.
        async def step(payload: dict[str, Any]) -> None:
            await self.on_message(payload)

        self.broker.register_task(step, task_name=TASK)
        self.broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, self.start)
        self.broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, self.stop)

    def places(self) -> dict[Queue, int]:
        """Return how many more steps of each queue this worker can take now."""
        free = self.settings.max_async_tasks - sum(self._busy.values())
        for_long = max(1, self.settings.max_async_tasks - KEPT_FOR_FAST) - self._busy["long"]
        return {"fast": free, "long": min(free, for_long)}

    async def on_message(self, payload: dict[str, Any]) -> None:
        """Work on one message of the queue. This is the one task that Taskiq knows."""
        try:
            hint = msgspec.convert(payload, Hint)
        except msgspec.ValidationError as e:
            log.warning("a message that is no hint was dropped", error=str(e))
            return
        self._busy[hint.queue] += 1
        try:
            await (self.solo.on_hint(hint) if hint.solo else self.runner.on_hint(hint))
        finally:
            self._busy[hint.queue] -= 1

    async def start(self, _: TaskiqState) -> None:
        """Open the House, start the heart and the keeper."""
        await self.house.__aenter__()
        loop = asyncio.get_running_loop()
        self.heart = Heart(self.held, self.house.spine.heartbeat(self.name), self.settings.lease_s, loop)
        self.heart.start()
        self._keeping = asyncio.create_task(self.keeper.run(self.broker.hint), name="keeper")
        log.info("the worker is ready", owner=self.owner, pipelines=sorted(self.registry))

    async def stop(self, _: TaskiqState) -> None:
        """Give back what is still in hand, and close."""
        if self._keeping is not None:
            await end(self._keeping)
        await asyncio.gather(self.runner.leave(RELEASE_S), self.solo.leave(RELEASE_S))
        if self.heart is not None:
            await asyncio.to_thread(self.heart.stop)
        await self.house.__aexit__(None, None, None)
        log.info("the worker has stopped", owner=self.owner)

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until asked to stop; then finish what is in hand within the grace, and give back the rest."""
        self.broker.is_worker_process = True
        self.broker.stopping = stop
        receiver = Receiver(
            self.broker,
            max_async_tasks=self.settings.max_async_tasks,
            max_prefetch=0,
            validate_params=False,
            ack_type=AcknowledgeType.WHEN_RECEIVED,
            wait_tasks_timeout=self.settings.grace_s,
        )
        try:
            await receiver.listen(stop)
        finally:
            await self.broker.shutdown()

    async def alone(self, hint: Hint) -> None:
        """Work on one suspected step, in this process only: no queue, no keeper."""
        async with self.house:
            heart = Heart(
                self.held, self.house.spine.heartbeat(self.name), self.settings.lease_s, asyncio.get_running_loop()
            )
            heart.start()
            claims = await self.house.spine.steps.claim([hint], self.owner, solo=True)
            for claim in claims:
                await self.runner.work(claim, self.registry[claim.pipeline])
            heart.stop()
