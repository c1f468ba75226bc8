"""Make and run one Valkey server of our own: the queue that must not forget, or the cache that must."""

import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote

from ops.local import ports, processes
from ops.local.child import Child
from ops.local.prefix import Binaries

Role = Literal["queue", "cache"]
_SETTINGS: Final[dict[Role, dict[str, str]]] = {
    "queue": {"maxmemory": "256mb", "maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"},
    "cache": {"maxmemory": "512mb", "maxmemory-policy": "allkeys-lru", "appendonly": "no"},
}


class LocalValkey:
    """A Valkey server in one of two roles: `start()` here, or `create()` and `command()` under a supervisor."""

    def __init__(self, binaries: Binaries, data_dir: Path, port: int, password: str, role: Role) -> None:
        """Describe the server; nothing is touched yet."""
        self.binaries = binaries
        self.data_dir = data_dir.absolute()
        self.port = port
        self.password = password
        self.role: Role = role
        self._child = Child(f"Valkey ({role})", self.data_dir.with_name(f"{self.data_dir.name}.log"))

    def __enter__(self) -> Self:
        """Start, with whatever data the last run left."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; the queue writes out what it holds."""
        self.stop()

    @property
    def pid(self) -> int | None:
        """Return the pid of the running server, whoever started it."""
        try:
            pid = int((self.data_dir / "valkey.pid").read_text())
            is_ours = Path(f"/proc/{pid}/cwd").readlink() == self.data_dir.resolve()
        except (OSError, ValueError):
            return None
        return pid if is_ours and processes.is_alive(pid) else None

    def create(self) -> None:
        """Make the data folder and write the settings; the password must not stand on a command line."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = {
            "bind": ports.LOOPBACK,
            "port": str(self.port),
            "requirepass": f'"{self.password}"',
            "dir": f'"{self.data_dir}"',
            "pidfile": f'"{self.data_dir / "valkey.pid"}"',
            "daemonize": "no",
            "save": '""',
            **_SETTINGS[self.role],
        }
        path = self.data_dir / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def command(self) -> list[str]:
        """Return the words that run the server in the foreground."""
        return [str(self.binaries.valkey_server), str(self.data_dir / "valkey.conf")]

    def start(self) -> None:
        """Start as a child of this process and wait until it answers."""
        self.create()
        ports.require_free(self.port, f"Valkey ({self.role})", f"PORT_VALKEY_{self.role.upper()}")
        self._child.start(self.command(), self.is_ready)

    def stop(self) -> None:
        """Stop the child that `start()` started."""
        self._child.stop(signal.SIGTERM, grace_s=15)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        pid = self.pid
        self._child.kill()
        if pid and processes.is_alive(pid):
            processes.kill_tree(pid)

    def is_ready(self) -> bool:
        """Tell whether the server has loaded its data and takes commands."""
        return self.pid is not None and answers_ping(self.port, self.password)

    def url(self, db: int = 0) -> str:
        """Return the address of a database, password included."""
        return f"redis://:{quote(self.password, safe='')}@{ports.LOOPBACK}:{self.port}/{db}"


def answers_ping(port: int, password: str, host: str = ports.LOOPBACK) -> bool:
    """Ask PING in the server's own words; no client library is needed here."""
    login = f"*2\r\n$4\r\nAUTH\r\n${len(password.encode())}\r\n{password}\r\n" if password else ""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(f"{login}PING\r\n".encode())
            answer = b""
            while chunk := connection.recv(256):
                answer += chunk
                if b"+PONG" in answer or b"\r\n-" in answer or answer.startswith(b"-"):
                    break
    except OSError:
        return False
    return b"+PONG" in answer
