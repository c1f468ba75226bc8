"""Start a web server with an environment of its own, wait until it answers, and end it."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ops.local import environment, processes

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_READY_S = 30.0
_GRACE_S = 10.0
# What a server may inherit: nothing of a developer's own settings.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


class ServerError(Exception):
    """A server of the benchmark did not come up, or answered wrongly."""


@dataclass
class Server:
    """A process that answers HTTP (when `ready_path` is given) or only runs (when it is empty)."""

    name: str
    command: list[str]
    variables: dict[str, str]
    folder: Path
    log: Path
    origin: str = ""
    ready_path: str = ""
    ready_s: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        """Start and wait for the first good answer; `ready_s` is how long that took."""
        begun = time.perf_counter()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=clean_environment(**self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while self.ready_path and not self._answers():
            if self._process.poll() is not None or time.perf_counter() - begun > _READY_S:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                self.stop()
                message = f"{self.name} did not answer {self.ready_path}; its log ends with:\n{tail}"
                raise ServerError(message)
            time.sleep(0.005)
        self.ready_s = time.perf_counter() - begun
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and its children."""
        self.stop()

    @property
    def pid(self) -> int:
        """Return the pid of the process that was started; its workers are its descendants."""
        if self._process is None:
            message = f"{self.name} is not running."
            raise ServerError(message)
        return self._process.pid

    def stop(self) -> None:
        """Ask the process to end, and kill the tree when it does not within ten seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        tree = processes.descendants(process.pid)
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            processes.kill_tree(process.pid)
        # Its workers may still be closing when it is gone itself.
        processes.wait_until(lambda: not any(map(processes.is_alive, tree)), _GRACE_S)
        for pid in tree:
            if processes.is_alive(pid):
                processes.kill_tree(pid)
        process.wait(10)

    def get(self, path: str, accept: str = "application/json") -> bytes:
        """Return the body of a GET; raise ServerError for anything but 200."""
        request = urllib.request.Request(self.origin + path, headers={"Accept": accept})  # noqa: S310 - our own loopback
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback
                body: bytes = answer.read()
        except urllib.error.HTTPError as e:
            message = f"{self.name} answered {path} with {e.code}: {e.read()[:400].decode(errors='replace')}"
            raise ServerError(message) from e
        return body

    def _answers(self) -> bool:
        try:
            self.get(self.ready_path)
        except (OSError, ServerError):
            return False
        return True


def clean_environment(**variables: str) -> dict[str, str]:
    """Return an environment of a few inherited names and the given ones."""
    inherited = {name: environment.get(name) for name in _KEPT}
    return {name: value for name, value in inherited.items() if value} | variables
