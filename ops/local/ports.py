"""Find free ports, and say who holds a taken one."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.local.errors import LocalStackError

LOOPBACK: Final = "127.0.0.1"
_LISTEN: Final = "0A"
_handed_out: Final[set[int]] = set()


@dataclass(frozen=True)
class Holder:
    """Who listens on a port, as far as this user may see."""

    pid: int | None
    command: str

    def __str__(self) -> str:
        """Name the process the way a person would look for it."""
        return f"pid {self.pid} ({self.command})" if self.pid else "a process of another user"


def free_port() -> int:
    """Return a free loopback port, never the same twice in one process."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


def is_free(port: int) -> bool:
    """Tell whether a server could bind the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int, timeout_s: float = 0.5) -> bool:
    """Tell whether something accepts connections on the loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def holder_of(port: int) -> Holder | None:
    """Return the process that listens on the port, or None when none does."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _owns(process, sockets):
            return Holder(int(process.name), _command(process))
    return Holder(None, "unknown")


def require_free(port: int, name: str, variable: str) -> None:
    """Raise with the holder's name when the port is taken; `variable` is what moves it."""
    if is_free(port):
        return
    holder = holder_of(port)
    who = f"by {holder}" if holder else "(its last connections may still be closing)"
    message = (
        f"Port {port}, which {name} needs, is taken {who}. "
        f"Stop that process, or choose another port: {variable}=<number>."
    )
    raise LocalStackError(message)


def _listening_inodes(port: int) -> set[str]:
    wanted = f"{port:04X}"
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and fields[1].endswith(f":{wanted}"):
                found.add(fields[9])
    return found


def _owns(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in sockets for link in (process / "fd").iterdir())
    except OSError:
        return False


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone meanwhile"
    return words.strip()[:80] or "unknown"
