"""Start a server as our own child and see it become ready, or say what its log says."""

import atexit
import contextlib
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ops.local import processes
from ops.local.errors import LocalStackError

_READY_S: Final = 30.0
_RETRY_S: Final = 20.0
_TAIL_LINES: Final = 8


class Child:
    """A server process of ours; it also ends when we are killed, where `setpriv` exists."""

    def __init__(self, name: str, log: Path) -> None:
        """Name the server for messages; `log` takes its output."""
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the pid while the process runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self, command: list[str], is_ready: Callable[[], bool], *, retry_on: tuple[str, ...] = ()) -> None:
        """Start the command and wait until it is ready; start again when it ends with one of the words in its log."""
        give_up = time.monotonic() + _RETRY_S
        while not self._attempt(command, is_ready):
            tail = self._tail()
            if not any(word in tail for word in retry_on) or time.monotonic() > give_up:
                message = f"{self.name} did not start. Its log ({self.log}) ends with:\n{tail}"
                raise LocalStackError(message)
            time.sleep(0.3)

    def stop(self, number: signal.Signals, grace_s: float) -> None:
        """Ask the process to end; kill it and its children when the grace is over."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self._end)
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                processes.kill_tree(process.pid)
        process.wait(10)

    def kill(self) -> None:
        """Kill the process and its children at once."""
        process, self._process = self._process, None
        if process is not None:
            atexit.unregister(self._end)
            processes.kill_tree(process.pid)
            process.wait(10)

    def _attempt(self, command: list[str], is_ready: Callable[[], bool]) -> bool:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                _die_with_us(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        processes.wait_until(lambda: process.poll() is not None or is_ready(), _READY_S)
        if process.poll() is not None:
            return False
        self._process = process
        atexit.register(self._end)
        if is_ready():
            return True
        self.kill()
        return False

    def _end(self) -> None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            self.stop(signal.SIGINT, 10)

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def _die_with_us(command: list[str]) -> list[str]:
    """Let the kernel end the server when our main thread is gone; the wish must stand after any change of user."""
    setpriv = shutil.which("setpriv")
    if not setpriv or threading.current_thread() is not threading.main_thread():
        return command
    where = command.index("--") + 1 if "--" in command else 0
    return [*command[:where], setpriv, "--pdeathsig", "INT", "--", *command[where:]]
