"""Know the state folder: what lies where, who runs in it, and that nobody else may look inside."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from ops.local import processes
from ops.local.errors import LocalStackError

CHECKOUT: Final = Path(__file__).resolve().parents[2]
NEEDED_BYTES: Final = 1_000_000_000
_LONGEST_SOCKET: Final = 100


@dataclass
class Running:
    """Who runs: process ids with their start times, so that a reused id is never taken for ours."""

    launcher: list[int] = field(default_factory=list)
    supervisor: list[int] = field(default_factory=list)
    processes: dict[str, list[int]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def launcher_pid(self) -> int | None:
        """Return the launcher's pid while it lives."""
        return _alive(self.launcher)

    @property
    def supervisor_pid(self) -> int | None:
        """Return the supervisor's pid while it lives."""
        return _alive(self.supervisor)

    def living(self) -> dict[str, int]:
        """Return the processes that still live, in the order in which they were started."""
        found = {name: _alive(identity) for name, identity in self.processes.items()}
        return {name: pid for name, pid in found.items() if pid}


@dataclass(frozen=True)
class State:
    """The state folder of one checkout."""

    root: Path

    @property
    def data(self) -> Path:
        """Return where the servers keep their data."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """Return where each process has its log."""
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Return where a running stack leaves its traces."""
        return self.root / "run"

    @property
    def env_file(self) -> Path:
        """Return the file of settings and credentials."""
        return self.root / "groat.env"

    @property
    def socket(self) -> Path:
        """Return the supervisor's socket: in /run or /tmp when the folder's own path is too long for one."""
        near = self.run / "supervisor.sock"
        if len(str(near)) <= _LONGEST_SOCKET:
            return near
        home = Path(f"/run/user/{os.getuid()}")
        inode = self.root.stat().st_ino
        folder = (home if home.is_dir() else Path("/tmp")) / f"groat-{os.getuid()}-{inode}"  # noqa: S108 - made 0700
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            message = f"{folder} belongs to somebody else: move the checkout to a shorter path."
            raise LocalStackError(message)
        return folder / "supervisor.sock"

    def prepare(self) -> None:
        """Make the folders, private to this user, and see that there is room."""
        try:
            for folder in (self.root, self.data, self.log, self.run):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
            free = shutil.disk_usage(self.root).free
        except OSError as e:
            message = (
                f"The state folder {self.root} cannot be made ({e.strerror}): "
                "give this user the right to write there, or choose another with --state DIR."
            )
            raise LocalStackError(message) from e
        if free < NEEDED_BYTES:
            message = (
                f"Only {free // 1_000_000} MB are free where {self.root} lies, and the stack needs "
                f"{NEEDED_BYTES // 1_000_000} MB: free some space, or choose another disk with --state DIR."
            )
            raise LocalStackError(message)

    def read_running(self) -> Running:
        """Return who was running when that was last written."""
        try:
            return Running(**json.loads((self.run / "running.json").read_text()))
        except (OSError, ValueError, TypeError):
            return Running()

    def write_running(self, running: Running) -> None:
        """Leave the traces by which another command, or the next start, finds this stack."""
        write_private(self.run / "running.json", json.dumps(asdict(running)))

    def remove_data(self) -> None:
        """Remove data, logs and traces; settings and credentials stay."""
        for folder in (self.data, self.log, self.run):
            shutil.rmtree(folder, ignore_errors=True)


def identity(pid: int) -> list[int]:
    """Name a process for ever: its pid and when it started."""
    return [pid, processes.start_ticks(pid) or 0]


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by this user only."""
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)


def _alive(identity: list[int]) -> int | None:
    if not identity:
        return None
    pid, ticks = identity
    return pid if processes.is_alive(pid) and processes.start_ticks(pid) == ticks else None
