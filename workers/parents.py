"""Parents and children: a child never outlives its parent, and a parent keeps its children running."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

log = structlog.get_logger("groat.parent")

PR_SET_PDEATHSIG = 1
POLL_S = 0.2
LONGEST_PAUSE_S = 10.0


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end now when it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def keep_running(argv: Sequence[str], count: int, grace_s: float) -> None:
    """Run `count` children until this process is asked to stop; start again what dies, ever more slowly."""
    stopping = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    children: list[subprocess.Popen[bytes] | None] = [None] * count
    pauses = [0.0] * count
    start_at = [0.0] * count
    while not stopping:
        for n, child in enumerate(children):
            now = time.monotonic()
            if child is not None and child.poll() is None:
                if now - start_at[n] > LONGEST_PAUSE_S:
                    pauses[n] = 0.0
                continue
            if child is not None:
                log.warning("a worker process ended and is started again", pid=child.pid, code=child.returncode)
                pauses[n] = min(max(0.5, pauses[n] * 2), LONGEST_PAUSE_S)
                start_at[n] = now + pauses[n]
                children[n] = None
            elif now >= start_at[n]:
                children[n] = subprocess.Popen([*argv, "--parent", str(os.getpid())])  # noqa: S603  our own words
                start_at[n] = now
        time.sleep(POLL_S)
    end(children, grace_s)


def end(children: Sequence[subprocess.Popen[bytes] | None], grace_s: float) -> None:
    """Ask the children to stop, wait, and kill those that do not."""
    alive = [child for child in children if child is not None and child.poll() is None]
    for child in alive:
        child.terminate()
    ends_at = time.monotonic() + grace_s
    for child in alive:
        try:
            child.wait(timeout=max(0.1, ends_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
