"""A worker of the chaos pipelines, as a process: `python -m tests.chaos.worker`, with what to leave out as words.

`--no-fence` and `--no-keeper` make the negative controls, `--scheduler` starts the scheduler instead.
"""

import asyncio
import sys
from typing import Any

from app import settings as doors
from app.db import pipeline_steps
from app.telemetry import logging
from tests.chaos.pipelines import REGISTRY
from workers import main, scheduler
from workers.heart import Heart
from workers.keeper import Keeper

ARGV = [sys.executable, "-m", "tests.chaos.worker"]


async def never(*_: Any) -> None:
    await asyncio.Event().wait()


def take(word: str) -> bool:
    found = word in sys.argv
    if found:
        sys.argv.remove(word)
        ARGV.append(word)
    return found


if __name__ == "__main__":
    settings = doors.load()
    logging.configure(level=settings.log_level, form="console")
    if take("--no-fence"):
        guard = "AND fence = %(fence)s AND state = 'running'"
        assert guard in pipeline_steps.DONE
        pipeline_steps.DONE = pipeline_steps.DONE.replace(guard, "")
        Heart._cancel = lambda *_: None  # type: ignore[method-assign]  # the control must go on
    if take("--no-keeper"):
        Keeper.run = never  # type: ignore[method-assign, assignment]  # as above
    if take("--scheduler"):
        asyncio.run(scheduler.serve(settings, REGISTRY))
    else:
        main.enter(settings, lambda: REGISTRY, ARGV, sys.argv[1:])
