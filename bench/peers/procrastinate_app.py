"""procrastinate: PostgreSQL alone as the queue. `python -m bench.peers.procrastinate_app drain N` prints jobs/s.

One process, 20 jobs at a time, no-op jobs: it neither fences nor writes an effect, which Groat's steps do.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from procrastinate import App, PsycopgConnector

CONCURRENCY = 20
app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))  # noqa: TID251 - not Groat's process


@app.task(name="nothing")
async def nothing(number: int) -> None:
    """Do nothing."""


async def prepare() -> None:
    """Make procrastinate's tables."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def drain(count: int) -> float:
    """Put jobs into the table, then run them all; return jobs/s of the running alone."""
    async with app.open_async():
        await nothing.batch_defer_async(*({"number": number} for number in range(count)))
        begun = time.perf_counter()
        await app.run_worker_async(
            concurrency=CONCURRENCY, wait=False, delete_jobs="never", install_signal_handlers=False
        )
        return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        asyncio.run(prepare())
    else:
        print(asyncio.run(drain(int(sys.argv[2]))))
