"""Look at processes through /proc: who is alive, whose child it is, and end them for certain."""

import contextlib
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.02


def start_ticks(pid: int) -> int | None:
    """Return when the process started, in ticks since boot: with the pid it names one process for ever."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; a zombie does not."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in "ZX"


def descendants(pid: int) -> list[int]:
    """Return every child of the process and their children, nearest first."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        offspring = children[waiting.pop(0)]
        found += offspring
        waiting += offspring
    return found


def kill_tree(pid: int) -> None:
    """Kill the process and its descendants at once, as a power cut would."""
    pids = [pid, *descendants(pid)]
    send(pids, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(each) for each in pids), 10)


def wait_gone(pid: int, timeout_s: float) -> bool:
    """Wait until the process has ended; return whether it did in time."""
    return wait_until(lambda: not is_alive(pid), timeout_s)


def kill_group(leader: int) -> None:
    """Kill what a dead leader left in its process group, such as the workers of a killed server."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each process; one that is gone already is fine."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until the condition holds; return whether it did in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _stat(pid: int) -> list[str] | None:
    """Read the fields of /proc/<pid>/stat after the name: state, parent, ..."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()
