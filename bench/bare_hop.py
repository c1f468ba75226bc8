"""A bare hop over Valkey, as a limit: a stamp pushed to a list by one process, popped and noted by another."""

from __future__ import annotations

import asyncio
import sys
import time

from redis.asyncio import Redis

from ops.local import environment

URL = environment.get("REDIS_URL")
KEY = "bare"
STAMPS_PER_S = 100
BLOCK_S = 1.0


async def work() -> None:
    """Note how long each stamp travelled, until the process is ended."""
    listener, notes = Redis.from_url(URL), Redis.from_url(URL)
    while True:
        found = await listener.blpop([KEY], timeout=BLOCK_S)
        if found:
            waited_ms = (time.time() - float(found[1])) * 1000
            await notes.rpush("latencies", waited_ms)


async def send_stamps(count: int) -> None:
    """Push stamps at the pace of the other contenders."""
    sender = Redis.from_url(URL)
    for _ in range(count):
        await sender.lpush(KEY, time.time())
        await asyncio.sleep(1 / STAMPS_PER_S)
    await sender.aclose()


if __name__ == "__main__":
    asyncio.run(work() if sys.argv[1] == "work" else send_stamps(int(sys.argv[2])))
