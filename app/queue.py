"""The queue: hints to workers, carried by Valkey or Redis through Taskiq.

A hint may be lost, late, doubled or reordered without harm: the truth is in PostgreSQL, and the keeper sends
what is due again. So nothing here is acknowledged, retried or stored.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from taskiq.abc.serializer import TaskiqSerializer
from taskiq.message import TaskiqMessage
from taskiq_redis import ListQueueBroker

from app.domain.errors import DependencyDownError, SettingsError
from app.domain.pipelines import QUEUES, Queue

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping

    from taskiq.message import BrokerMessage

    from app.ports.steps import Hint

log = structlog.get_logger("groat.queue")

TASK = "groat.step"
PREFIX = "groat:hints:"
MOST_UNREAD = 10_000
BLOCK_S = 1.0
# How long an answer may take beyond the wait that was asked for, before the connection counts as lost.
ANSWER_S = 4.0
MOST_AT_ONCE = 10
LONGEST_PAUSE_S = 2.0


class JsonSerializer(TaskiqSerializer):
    """JSON through msgspec: nobody who writes to the queue can make a worker run code of theirs."""

    def dumpb(self, value: Any) -> bytes:  # noqa: ANN401  Taskiq's signature
        """Encode a message."""
        return msgspec.json.encode(value)

    def loadb(self, value: bytes) -> Any:  # noqa: ANN401  Taskiq's signature
        """Decode a message; raise msgspec.DecodeError, which Taskiq logs and drops."""
        return msgspec.json.decode(value)


class HintBroker(ListQueueBroker):
    """A Taskiq broker over one list a queue: atomic pops of many, exact lengths, no consumers to prune.

    `places` says how many more steps the worker can take now, by queue: a queue without a place is not
    listened to. Valkey may go away at any time: listening resumes when it is back, sending says so and goes on.
    """

    def __init__(
        self,
        url: str,
        *,
        places: Callable[[], Mapping[Queue, int]] = lambda: dict.fromkeys(QUEUES, MOST_AT_ONCE),
    ) -> None:
        """Prepare, but connect to nothing yet; the password is in the URL. Raises SettingsError when there is none."""
        if not url:
            message = "REDIS_URL is not set: `groat up` brings a queue along, or name one of your own."
            raise SettingsError(message)
        super().__init__(url, queue_name=PREFIX + QUEUES[0])
        self.serializer = JsonSerializer()
        self.places = places
        self.stopping = asyncio.Event()
        self._sender = connect(url, timeout_s=2.0)
        self._listener = connect(url, timeout_s=BLOCK_S + ANSWER_S)
        self._turn = 0

    async def shutdown(self) -> None:
        """Close the connections."""
        await super().shutdown()
        await self._sender.aclose()
        await self._listener.aclose()

    async def kick(self, message: BrokerMessage) -> None:
        """Send one message of Taskiq's own making; raise DependencyDownError when the queue does not answer."""
        await self._push(str(message.labels.get("queue") or QUEUES[0]), [message.message])

    async def hint(self, hints: Iterable[Hint]) -> bool:
        """Send hints; return False when the queue does not answer: the keeper will send them again."""
        bodies: dict[str, list[bytes]] = {}
        for hint in hints:
            bodies.setdefault(hint.queue, []).append(self._encode(hint))
        try:
            for queue, group in bodies.items():
                await self._push(queue, group)
        except DependencyDownError:
            return False
        return True

    async def unread(self) -> dict[Queue, int]:
        """Count the hints that nobody has taken, by queue; raise DependencyDownError when it does not answer."""
        pipe = self._sender.pipeline(transaction=False)
        for queue in QUEUES:
            pipe.llen(PREFIX + queue)
        try:
            return dict(zip(QUEUES, await pipe.execute(), strict=True))
        except (RedisError, OSError, TimeoutError) as e:
            raise DependencyDownError(DOWN) from e

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Yield hints until `stopping` is set, taking only as many at once as the worker has places for."""
        pause_s = 0.0
        while not self.stopping.is_set():
            try:
                found = await self._pop()
            except (RedisError, OSError, TimeoutError) as e:
                if not pause_s:
                    log.warning("the queue does not answer; the keeper's rows wait in PostgreSQL", error=str(e))
                pause_s = min(max(0.1, pause_s * 2), LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  jitter
                continue
            if pause_s:
                log.info("the queue answers again")
                pause_s = 0.0
            for body in found:
                yield body

    async def _pop(self) -> list[bytes]:
        places = {PREFIX + queue: count for queue, count in self.places().items() if count > 0}
        names = list(places)
        if not names:
            await asyncio.sleep(BLOCK_S / 10)
            return []
        # The first list that holds something is served: turns keep one busy queue from starving the other.
        self._turn += 1
        first = self._turn % len(names)
        count = min(*places.values(), MOST_AT_ONCE)
        asked = self._listener.blmpop(
            BLOCK_S, len(names), *names[first:], *names[:first], direction="RIGHT", count=count
        )
        reply = await cast("Awaitable[tuple[bytes, list[bytes]] | None]", asked)
        return [] if reply is None else list(reply[1])

    async def _push(self, queue: str, bodies: list[bytes]) -> None:
        name = PREFIX + queue
        # Only hints are cut off: the keeper sends them again.
        pipe = self._sender.pipeline(transaction=False)
        pipe.lpush(name, *bodies)
        pipe.ltrim(name, 0, MOST_UNREAD - 1)
        try:
            await pipe.execute()
        except (RedisError, OSError, TimeoutError) as e:
            raise DependencyDownError(DOWN) from e

    def _encode(self, hint: Hint) -> bytes:
        message = TaskiqMessage(
            task_id=f"{hint.run_id}/{hint.step}/{hint.part}",
            task_name=TASK,
            labels={},
            args=[msgspec.to_builtins(hint)],
            kwargs={},
        )
        return self.formatter.dumps(message).message


DOWN = "The queue (Valkey or Redis) does not answer: is it running, and is REDIS_URL right?"


def connect(url: str, *, timeout_s: float) -> Redis:
    """Return a client that asks once and waits so long: who calls it knows better when to ask again."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=2.0,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        max_connections=50,
    )
