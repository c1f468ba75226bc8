"""No-op tasks on Groat's own broker: `taskiq worker bench.hint_worker:broker`; `python -m bench.hint_worker send N`."""

from __future__ import annotations

import asyncio
import sys
import time

from redis.asyncio import Redis
from taskiq import TaskiqEvents

from app.queue import HintBroker
from bench.tally import Tally
from ops.local import environment

URL = environment.get("REDIS_URL")
STAMPS_PER_S = 100
broker = HintBroker(URL)
notes: Redis = Redis.from_url(URL)


tally = Tally(URL)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(_: object) -> None:
    """Begin to count."""
    tally.start()


@broker.task("nothing")
async def nothing(number: int) -> None:
    """Do nothing but count."""
    del number
    tally.done += 1


@broker.task("stamp")
async def stamp(sent_at: float) -> None:
    """Note how long the message travelled."""
    waited_ms = (time.time() - sent_at) * 1000
    await notes.rpush("latencies", waited_ms)


async def send(count: int) -> float:
    """Send messages one after another, as request handlers do; return seconds."""
    await broker.startup()
    begun = time.perf_counter()
    for number in range(count):
        await nothing.kiq(number)
    elapsed = time.perf_counter() - begun
    await broker.shutdown()
    return elapsed


async def send_stamps(count: int) -> None:
    """Send stamped messages at a steady pace."""
    await broker.startup()
    for _ in range(count):
        await stamp.kiq(time.time())
        await asyncio.sleep(1 / STAMPS_PER_S)
    await broker.shutdown()


if __name__ == "__main__":
    amount = int(sys.argv[2])
    if sys.argv[1] == "send":
        print(asyncio.run(send(amount)))
    else:
        asyncio.run(send_stamps(amount))
