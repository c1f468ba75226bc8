"""Settle what this start runs: whose servers, which market, which ports, and the settings that follow from them."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ops.local import environment, plan, ports, privileges
from ops.local.envfile import DEMO_KEY, EnvFile, market_keys
from ops.local.errors import LocalStackError
from ops.local.market import HISTORY_FROM, SETTINGS, MarketTime
from ops.local.plan import Plan, Process
from ops.local.postgres import USER, LocalPostgres
from ops.local.prefix import Binaries, default_root, ensure_prefix
from ops.local.state import CHECKOUT, State
from ops.local.valkey import LocalValkey, Role

Say = Callable[[str], None]
# One replay speaks all of them.
PROVIDER_ADDRESSES: Final = (
    "GROAT_POLYGON__URL",
    "GROAT_ALPHA_VANTAGE__URL",
    "GROAT_FINNHUB__URL",
    "GROAT_NEWSAPI__URL",
)
_SERVERS: Final = {"postgres": "DATABASE_URL", "valkey-queue": "REDIS_URL", "valkey-cache": "GROAT_CACHE_URL"}


@dataclass
class Stack:
    """Everything that one start decided."""

    state: State
    env_file: EnvFile
    plan: Plan
    replay: bool
    market: MarketTime
    binaries: Binaries | None
    postgres: LocalPostgres | None
    valkeys: list[LocalValkey]

    @property
    def redis_password(self) -> str:
        """Return the password of our own Valkeys."""
        return self.env_file.values()["REDIS_PASSWORD"]

    def words(self, process: Process) -> list[str]:
        """Return the command line of a process, with what keeps PostgreSQL from seeing root."""
        return [*(privileges.unprivileged() if process.unprivileged else []), *process.command]

    def require_free_ports(self) -> None:
        """Raise when a port of this start is taken."""
        for process in self.plan.processes:
            for name in process.ports:
                ports.require_free(self.plan.ports[name], process.name, plan.port_variable(name))

    def create_servers(self) -> None:
        """Make the data folders of our own servers, or bring them up to date."""
        if self.postgres:
            self.postgres.create()
        for valkey in self.valkeys:
            valkey.create()

    def after_ready(self, name: str) -> None:
        """Do what must follow a process's readiness: the database is made once PostgreSQL answers."""
        if name == "postgres" and self.postgres:
            self.postgres.ensure_database()

    def set_clock(self) -> None:
        """Let the market go on, and write its clock where the processes read it."""
        changes: dict[str, str | None] = dict.fromkeys(SETTINGS)
        changes |= self.market.anchor(self.effective()) if self.replay else {"GROAT_CLOCK__MODE": "wall"}
        self.env_file.put(changes)
        self.env_file.save()

    def effective(self) -> dict[str, str]:
        """Return the settings as the platform will see them: the environment over the file."""
        return self.env_file.values() | environment.copy()

    def child_environment(self) -> dict[str, str]:
        """Return what the processes get: our environment without the launcher's own names, and which file to read."""
        inherited = {key: value for key, value in environment.copy().items() if not plan.owned_by_launcher(key)}
        metrics = inherited.get("GROAT_METRICS_DIR") or str(self.env_file.path.absolute().parent / "metrics")
        ours = {"GROAT_ENV_FILE": str(self.env_file.path), "GROAT_METRICS_DIR": metrics}
        return inherited | ours | {"PYTHONUNBUFFERED": "1", "TZ": "UTC"}

    def urls(self) -> dict[str, str]:
        """Return the addresses that a person opens."""
        api = f"http://{ports.LOOPBACK}:{self.plan.ports['api']}"
        found = {"health": f"{api}/api/health", "API docs": f"{api}/api/docs"}
        if self.replay:
            found["replay market"] = f"http://{ports.LOOPBACK}:{self.plan.ports['replay']}"
        return found

    def front_page(self) -> str:
        """Return the one address to open: the web pages, or the API's documentation where they are not built."""
        api = f"http://{ports.LOOPBACK}:{self.plan.ports['api']}"
        return f"{api}/" if has_pages() else f"{api}/api/docs"

    def where(self, process: Process) -> str:
        """Say where a process answers and what it is."""
        at = ", ".join(f"on {ports.LOOPBACK}:{self.plan.ports[name]}" for name in process.ports)
        what = f" ({self.binaries.edition})" if process.name == "postgres" and self.binaries else ""
        return f"ready {at}{what}".rstrip()


def has_pages() -> bool:
    """Tell whether the web pages are built."""
    return (CHECKOUT / "frontend/dist/index.html").is_file()


def prepare(state: State, processes: Path, say: Say) -> Stack:
    """Make folders, credentials and programs, and decide what runs; start nothing."""
    state.prepare()
    file = EnvFile(state.env_file)
    if file.add_missing_credentials():
        file.save()
        say(f"Made credentials in {state.env_file} (0600)")
    values = file.values()
    given = {variable for name, variable in _SERVERS.items() if _is_given(name, variable, values)}
    replay = _wants_replay(values)
    without = plan.left_out(given, replay=replay, path=processes)
    own = [name for name in plan.names(processes) if name in _SERVERS and name not in without]
    binaries = ensure_prefix(default_root(), say=say) if own else None
    numbers = plan.read_ports(processes)
    planned = plan.read_plan(_words(binaries, state), without, processes)
    postgres, valkeys = _servers(own, binaries, state, numbers, values)
    market = MarketTime(state.data)
    _refuse_other_market(state, replay=replay, own_database=postgres is not None)
    file.put(_addresses(numbers, postgres, valkeys, replay=replay) | market_keys(values, replay=replay))
    file.save()
    return Stack(state, file, planned, replay, market, binaries, postgres, valkeys)


def _servers(
    own: list[str], binaries: Binaries | None, state: State, numbers: dict[str, int], values: Mapping[str, str]
) -> tuple[LocalPostgres | None, list[LocalValkey]]:
    postgres = None
    valkeys = []
    if binaries is None:
        return None, []
    for name in own:
        folder, port = state.data / name, numbers[name]
        if name == "postgres":
            postgres = LocalPostgres(binaries, folder, port, values["DB_PASSWORD"])
        else:
            role: Role = "queue" if name == "valkey-queue" else "cache"
            valkeys.append(LocalValkey(binaries, folder, port, values["REDIS_PASSWORD"], role))
    return postgres, valkeys


def _words(binaries: Binaries | None, state: State) -> dict[str, str]:
    """Name the programs that the templates may use."""
    groat = Path(sys.executable).with_name("groat")
    found = {"python": sys.executable, "groat": str(groat), "data": str(state.data)}
    for name in ("postgres", "pg_isready", "valkey_server"):
        found[name] = str(getattr(binaries, name)) if binaries else name
    return found


def _addresses(
    numbers: dict[str, int], postgres: LocalPostgres | None, valkeys: list[LocalValkey], *, replay: bool
) -> dict[str, str | None]:
    """Return the settings that follow from ports and servers; an address from outside is left as it stands."""
    found: dict[str, str | None] = {
        "GROAT_ENVIRONMENT": "dev",
        "GROAT_API__PORT": str(numbers["api"]),
        "GROAT_REPLAY__PORT": str(numbers["replay"]),
        **dict.fromkeys(PROVIDER_ADDRESSES, f"http://{ports.LOOPBACK}:{numbers['replay']}" if replay else None),
        "GROAT_POLYGON__HISTORY_FROM": HISTORY_FROM if replay else None,
    }
    if postgres:
        found["DATABASE_URL"] = postgres.url()
    for valkey in valkeys:
        found["REDIS_URL" if valkey.role == "queue" else "GROAT_CACHE_URL"] = valkey.url()
    return found


def _is_given(server: str, variable: str, values: Mapping[str, str]) -> bool:
    """Tell an address from outside from the one that an earlier start wrote for our own server."""
    if environment.get(variable):
        return True
    written = values.get(variable, "")
    if not written:
        return False
    parts = urlsplit(written)
    user, password, path = (USER, "DB_PASSWORD", f"/{USER}") if server == "postgres" else ("", "REDIS_PASSWORD", "/0")
    # A rotated password leaves the old one in the address: user, host and database tell enough.
    ours = (parts.username or "", parts.hostname, parts.path) == (user, ports.LOOPBACK, path)
    return not (ours and parts.password and values.get(password))


def _wants_replay(values: Mapping[str, str]) -> bool:
    key = environment.get("POLYGON_API_KEY") or values["POLYGON_API_KEY"]
    return key.startswith(DEMO_KEY) and environment.get("GROAT_CLOCK__MODE") != "wall"


def _refuse_other_market(state: State, *, replay: bool, own_database: bool) -> None:
    """Keep the replay's facts and the real market's out of one database: their times would contradict each other."""
    if not own_database:
        return
    wanted = "replay" if replay else "real"
    mark = state.data / "market"
    found = mark.read_text() if mark.exists() else wanted
    if found != wanted:
        key = "unset POLYGON_API_KEY" if found == "replay" else "set POLYGON_API_KEY again"
        message = (
            f"The data in {state.data} is of the {found} market, and this start asks for the {wanted} one: "
            f"{key}, or begin with fresh data (ops/stop.sh --clean)."
        )
        raise LocalStackError(message)
    mark.write_text(wanted)
