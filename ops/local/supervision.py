"""Drive supervisord, the kept library that restarts what dies: write its configuration, start it, ask it.

Processes start only when the launcher says so (it knows what depends on what); from then on supervisord alone
watches them, and stops them in reverse order should it be told to end.
"""

import configparser
import http.client
import shlex
import signal
import socket
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.local import processes
from ops.local.errors import LocalStackError
from ops.local.plan import Process
from ops.local.state import State, write_private

_GROUP: Final = "{name}:{name}"
_START_S: Final = 15.0
# supervisord waits one second longer before each try: 12 tries last about a minute.
_TRIES: Final = 12
_LOG_BYTES: Final = "10MB"


@dataclass(frozen=True)
class Seen:
    """What supervisord knows of one process."""

    name: str
    state: str
    pid: int
    exit_code: int
    running_s: int
    detail: str

    @property
    def is_running(self) -> bool:
        """Tell whether it has run long enough to be called running."""
        return self.state == "RUNNING"

    @property
    def is_down(self) -> bool:
        """Tell whether nothing runs and nothing will be tried."""
        return self.state in {"STOPPED", "EXITED", "FATAL"}


class Supervisor:
    """One supervisord and its socket."""

    def __init__(self, state: State) -> None:
        """Address the supervisor of this state folder, running or not."""
        self._state = state
        self._config = state.run / "supervisord.conf"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the pid of the supervisor that we started, while it lives."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def start(self, planned: list[tuple[Process, list[str]]], folder: Path, environment: dict[str, str]) -> None:
        """Start supervisord with nothing running yet; each process comes with the words that run it."""
        self._state.socket.unlink(missing_ok=True)
        write_private(self._config, render(planned, self._state, folder))
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._config)]
        with (self._state.log / "supervisord.out").open("wb") as log:
            # A session of its own: Ctrl-C is for the launcher, which then stops all in order.
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment
            )
        if not processes.wait_until(lambda: self.pid is None or self._answers(), _START_S) or self.pid is None:
            text = (self._state.log / "supervisord.out").read_text(errors="replace").strip()
            message = f"supervisord did not start: {text[-600:] or 'it said nothing'}"
            raise LocalStackError(message)

    def all(self) -> dict[str, Seen]:
        """Return every process by name; raise LocalStackError when supervisord is gone."""
        return {row["name"]: _seen(row) for row in self._call("getAllProcessInfo")}

    def launch(self, name: str) -> None:
        """Start one process, without waiting for it."""
        self._call("startProcess", _GROUP.format(name=name), False)

    def halt(self, name: str) -> None:
        """Ask one process to end, without waiting for it; one that is down already is fine."""
        try:
            self._call("stopProcess", _GROUP.format(name=name), False)
        except xmlrpc.client.Fault:
            return

    def shut_down(self, pid: int | None = None) -> None:
        """End supervisord itself; what still runs is stopped by it, last started first."""
        pid = pid or self.pid
        if pid is None:
            return
        processes.send([pid], signal.SIGTERM)
        if self._child and self._child.pid == pid:
            self._child.wait(90)
        elif not processes.wait_until(lambda: not processes.is_alive(pid), 90):
            processes.kill_tree(pid)

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except LocalStackError:
            return False
        return True

    def _call(self, method: str, *arguments: str | bool) -> Any:  # noqa: ANN401 - what XML-RPC answers
        proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_SocketTransport(self._state.socket))
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException) as e:
            message = f"supervisord does not answer on {self._state.socket}: {e}."
            raise LocalStackError(message) from e


def render(planned: list[tuple[Process, list[str]]], state: State, folder: Path) -> str:
    """Write the configuration; the order of the list is the order of the groups."""
    config = configparser.RawConfigParser()
    config["unix_http_server"] = {"file": _plain(state.socket), "chmod": "0700"}
    config["supervisord"] = {
        "logfile": _plain(state.log / "supervisord.log"),
        "logfile_maxbytes": _LOG_BYTES,
        "logfile_backups": "1",
        "pidfile": _plain(state.run / "supervisord.pid"),
        "nodaemon": "true",
    }
    factory = "supervisor.rpcinterface:make_main_rpcinterface"
    config["rpcinterface:supervisor"] = {"supervisor.rpcinterface_factory": factory}
    for position, (process, words) in enumerate(planned):
        config[f"program:{process.name}"] = {
            "command": _plain(shlex.join(words)),
            "directory": _plain(folder),
            "priority": str(position),
            "autostart": "false",
            "autorestart": "false" if process.runs_once else "true",
            "startsecs": "0" if process.runs_once else "1",
            "startretries": str(_TRIES),
            "stopsignal": process.stop_signal,
            "stopwaitsecs": str(process.grace_s),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _plain(state.log / f"{process.name}.log"),
            "stdout_logfile_maxbytes": _LOG_BYTES,
            "stdout_logfile_backups": "2",
            "environment": _plain(",".join(f'{key}="{value}"' for key, value in process.env.items())),
        }
    lines = [
        f"[{section}]\n" + "".join(f"{k}={v}\n" for k, v in config[section].items()) for section in config.sections()
    ]
    return "\n".join(lines)


class _SocketTransport(xmlrpc.client.Transport):
    """Speak XML-RPC over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401, ARG002 - the base's shape
        return _SocketConnection(self._path)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _plain(value: object) -> str:
    """Keep supervisord from expanding what looks like its own `%(...)s`."""
    return str(value).replace("%", "%%")


def _seen(row: dict[str, Any]) -> Seen:
    return Seen(
        name=row["name"],
        state=row["statename"],
        pid=row["pid"],
        exit_code=row["exitstatus"],
        running_s=row["now"] - row["start"],
        detail=row["spawnerr"],
    )
