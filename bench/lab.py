"""Everything a benchmark needs, started when it is first asked for and ended with the run."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from bench import market
from bench.peer_venv import ensure_python
from bench.tools import Tools, ensure_tools
from bench.web import Server
from migrations.runner import migrate
from ops.local.ports import LOOPBACK, free_port
from ops.local.postgres import LocalPostgres
from ops.local.prefix import Binaries, default_root, ensure_prefix
from ops.local.valkey import LocalValkey, Role

if TYPE_CHECKING:
    from types import TracebackType

Say = Callable[[str], None]
T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
QUIET_ENV = {"GROAT_ENV_FILE": "", "GROAT_LOG_LEVEL": "warning", "PYTHONDONTWRITEBYTECODE": ""}


class Lab:
    """Servers, tools and the synthetic market, each made once; a context manager that ends what it started."""

    def __init__(self, say: Say, *, rounds: int, seconds: float) -> None:
        """Describe the run: `rounds` pairs, each sample `seconds` long."""
        self.say = say
        self.rounds = rounds
        self.seconds = seconds
        self._stack = ExitStack()
        self._valkeys: dict[Role, LocalValkey] = {}

    def __enter__(self) -> Self:
        """Make a folder; nothing is started yet."""
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="groat-bench-")))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every server, last started first."""
        self._stack.close()

    def keep(self, server: AbstractContextManager[T]) -> T:
        """Enter a context until the end of the run."""
        return self._stack.enter_context(server)

    @cached_property
    def binaries(self) -> Binaries:
        """The database programs of this machine's private prefix."""
        return ensure_prefix(default_root(), say=self.say)

    @cached_property
    def tools(self) -> Tools:
        """Load generator and static web server."""
        return ensure_tools(self.say)

    @cached_property
    def peer_python(self) -> str:
        """The interpreter of the peers' virtual environment."""
        return str(ensure_python(self.say))

    @cached_property
    def postgres(self) -> LocalPostgres:
        """A running PostgreSQL with the project's own settings."""
        self.say("starting PostgreSQL")
        return self.keep(LocalPostgres(self.binaries, self.folder / "postgres", free_port(), secrets.token_urlsafe(24)))

    def valkey(self, role: Role) -> LocalValkey:
        """Return a running Valkey of a role."""
        if role not in self._valkeys:
            data = self.folder / f"valkey-{role}"
            server = LocalValkey(self.binaries, data, free_port(), secrets.token_urlsafe(24), role)
            self._valkeys[role] = self.keep(server)
        return self._valkeys[role]

    def database(self, name: str) -> str:
        """Return the address of a migrated database, made empty when it is new."""
        self.postgres.ensure_database(name)
        url = self.postgres.url(name)
        asyncio.run(migrate(url, say=lambda _line: None))
        return url

    @cached_property
    def loaded_market(self) -> tuple[str, market.Market]:
        """A database with the whole synthetic market, and the market."""
        url = self.database("bench")
        self.say(f"loading {market.SYMBOLS} symbols x {market.DAYS:,} days of synthetic bars")
        made = market.make()
        market.load(url, made)
        return url, made

    def groat(self, name: str, *words: str, url: str, **variables: str) -> Server:
        """Describe a process of Groat: `groat <words>` with settings of its own, logging to the run's folder."""
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": self.valkey("queue").url(),
            "GROAT_CACHE_URL": self.valkey("cache").url(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            **QUIET_ENV,
            **variables,
        }
        command = [sys.executable, "-m", "app.cli", *words]
        return Server(name, command, settings, ROOT, self.folder / f"{name}.log")

    def groat_api(self, name: str, url: str, *, cache_mb: int) -> Server:
        """Describe Groat's API on one Granian worker."""
        port = free_port()
        server = self.groat(
            name,
            "serve",
            url=url,
            GROAT_API__PORT=str(port),
            GROAT_API__WORKERS="1",
            GROAT_API__CACHE_MB=str(cache_mb),
        )
        server.origin = f"http://{LOOPBACK}:{port}"
        server.ready_path = "/api/health/ready"
        return server

    def fastapi(self, url: str) -> Server:
        """Describe the FastAPI peer on one Uvicorn worker (uvloop and httptools)."""
        port = free_port()
        words = ["bench.peers.fastapi_app:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
        command = [self.peer_python, "-m", "uvicorn", *words]
        log = self.folder / "fastapi.log"
        return Server("fastapi", command, {"DATABASE_URL": url}, ROOT, log, f"http://{LOOPBACK}:{port}", "/ready")
