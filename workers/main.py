"""The worker's door: `python -m workers.main`, which `groat work` becomes.

python -m workers.main                       work (GROAT_WORKER__PROCESSES processes)
python -m workers.main --solo HINT ...       work on one suspected step (started by a worker)
taskiq worker workers.main:broker --max-prefetch 0 --ack-type when_received   the same through Taskiq's own door
"""

from __future__ import annotations

import argparse
import asyncio
import logging as stdlib_logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from app import settings as doors
from app.domain.errors import GroatError
from app.ports.steps import Hint
from app.telemetry import logging
from workers.parents import die_with, keep_running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.queue import HintBroker
    from app.settings import Settings
    from workers.pipelines import Registry
    from workers.worker import Worker

ARGV = (sys.executable, "-m", "workers.main")
# Beyond the steps' own grace: giving back, closing.
CLOSING_S = 6.0
WRONG = 2


def broker() -> HintBroker:
    """Build the broker of a worker from the environment, for `taskiq worker workers.main:broker`."""
    return build(doors.load(), everything(), ARGV, name="worker").broker


def main(argv: Sequence[str] | None = None) -> None:
    """Work until SIGTERM or SIGINT."""
    settings = doors.load()
    logging.configure(level=settings.log_level, form=settings.log_format, secrets=doors.secret_values(settings))
    enter(settings, everything, ARGV, sys.argv[1:] if argv is None else argv)


def complain(error: GroatError) -> int:
    """Say in one line what is wrong with the settings or the pipelines; return the exit code."""
    sys.stderr.write(f"{error}\n")
    return WRONG


def everything() -> Registry:
    """Return every pipeline there is."""
    from workers.pipelines import registry  # noqa: PLC0415  a parent of workers stays small

    return registry()


def build(settings: Settings, pipelines: Registry, solo_argv: Sequence[str], *, name: str) -> Worker:
    """Build a worker."""
    from workers.worker import Worker  # noqa: PLC0415  a parent of workers stays small

    return Worker(settings, pipelines, solo_argv, name=name)


def enter(settings: Settings, pipelines: Callable[[], Registry], solo_argv: Sequence[str], argv: Sequence[str]) -> None:
    """Run a worker of these pipelines, or a solo child, or a parent of several workers, as `argv` says."""
    parser = argparse.ArgumentParser(prog="python -m workers.main", description="Run the steps of the pipelines.")
    parser.add_argument("--parent", type=int, help="end when this process does")
    parser.add_argument("--solo", help="a hint as JSON: work on that step alone")
    parser.add_argument("--owner", help="who claims it")
    asked = parser.parse_args(argv)
    if asked.parent:
        die_with(asked.parent)
    if asked.parent is None and settings.worker.processes > 1:
        keep_running(solo_argv, settings.worker.processes, settings.worker.grace_s + CLOSING_S)
        return
    worker = build(settings, pipelines(), solo_argv, name="solo" if asked.solo else "worker")
    if asked.solo:
        worker.owner = worker.runner.owner = asked.owner or worker.owner
        asyncio.run(alone(worker, msgspec.json.decode(asked.solo, type=Hint)))
    else:
        asyncio.run(serve(worker))
    # Everything is recorded. A thread that a cancelled step left behind must not hold the process up.
    stdlib_logging.shutdown()
    os._exit(0)


async def serve(worker: Worker) -> None:
    """Work until a signal asks to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await worker.serve(stop)


async def alone(worker: Worker, hint: Hint) -> None:
    """Work on one step; a signal asks to give it back."""
    task = asyncio.create_task(worker.alone(hint))

    def leave() -> None:
        giving_back.append(asyncio.ensure_future(worker.runner.leave(CLOSING_S)))

    giving_back: list[asyncio.Future[None]] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave)
    await task


if __name__ == "__main__":
    try:
        main()
    except GroatError as error:
        sys.exit(complain(error))
