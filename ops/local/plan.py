"""Read `ops/processes.toml`: which processes there are, what they need, and in which order they start."""

import graphlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ops.local import environment
from ops.local.errors import LocalStackError

PROCESSES: Final = Path(__file__).resolve().parents[1] / "processes.toml"
Condition = Literal["healthy", "completed"]
_LAST_PORT: Final = 65_535


@dataclass(frozen=True)
class Process:
    """One row of the file, its templates filled in."""

    name: str
    command: list[str]
    description: str = ""
    env: dict[str, str] = field(default_factory=dict)
    unprivileged: bool = False
    replaced_by: str = ""
    replay_only: bool = False
    market_clock: bool = False
    depends_on: dict[str, Condition] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    ready: dict[str, Any] = field(default_factory=dict)
    ready_s: float = 60.0
    restart: Literal["always", "no"] = "always"
    stop: dict[str, Any] = field(default_factory=dict)

    @property
    def runs_once(self) -> bool:
        """Tell a step from a server."""
        return self.restart == "no"

    @property
    def stop_signal(self) -> str:
        """Name the signal that asks the process to end."""
        return str(self.stop.get("signal", "TERM"))

    @property
    def grace_s(self) -> int:
        """Return how long the process may take to end."""
        return int(self.stop.get("grace_s", 10))


@dataclass(frozen=True)
class Plan:
    """The processes of one start, in the order of their dependencies."""

    processes: list[Process]
    ports: dict[str, int]

    def __getitem__(self, name: str) -> Process:
        """Return the process of that name."""
        return next(process for process in self.processes if process.name == name)


def port_variable(name: str) -> str:
    """Return the environment variable that moves a port."""
    return f"PORT_{name.replace('-', '_').upper()}"


def read_ports(path: Path = PROCESSES) -> dict[str, int]:
    """Return the ports of the file, each moved where its variable says so."""
    return {name: _port(name, default) for name, default in _document(path)["ports"].items()}


def owned_by_launcher(name: str) -> bool:
    """Tell the launcher's own variables, which the platform's processes must not see, from their settings."""
    return name.startswith("PORT_") or name in {"GROAT_PREFIX", "GROAT_PREFIX_SOURCE"}


def read_plan(values: Mapping[str, str], without: set[str], path: Path = PROCESSES) -> Plan:
    """Fill in the templates and order the processes; `without` names those that are left out."""
    document = _document(path)
    ports = read_ports(path)
    words = dict(values) | {f"port_{name.replace('-', '_')}": str(port) for name, port in ports.items()}
    processes = {}
    for name, row in document["processes"].items():
        if name not in without:
            processes[name] = _process(name, row, words, without)
    order = graphlib.TopologicalSorter({name: process.depends_on for name, process in processes.items()})
    return Plan([processes[name] for name in order.static_order()], ports)


def names(path: Path = PROCESSES) -> list[str]:
    """Return the names of all processes."""
    return list(_document(path)["processes"])


def left_out(given: set[str], *, replay: bool, path: Path = PROCESSES) -> set[str]:
    """Name the processes that are not ours to start, because an address is given or the market is real."""
    rows = _document(path)["processes"]
    return {
        name
        for name, row in rows.items()
        if row.get("replaced_by") in given or (row.get("replay_only", False) and not replay)
    }


def _process(name: str, row: dict[str, Any], words: Mapping[str, str], without: set[str]) -> Process:
    try:
        filled = _fill(row, words)
        filled["depends_on"] = {on: how for on, how in row.get("depends_on", {}).items() if on not in without}
        return Process(name=name, **filled)
    except (KeyError, TypeError) as e:
        message = f"The process {name!r} in ops/processes.toml is not understood: {e}."
        raise LocalStackError(message) from e


def _fill(value: Any, words: Mapping[str, str]) -> Any:  # noqa: ANN401 - the shape is the file's
    match value:
        case str():
            return value.format_map(words)
        case list():
            return [_fill(each, words) for each in value]
        case dict():
            return {key: _fill(each, words) for key, each in value.items()}
        case _:
            return value


def _port(name: str, default: int) -> int:
    given = environment.get(port_variable(name))
    if not given:
        return default
    if not given.isdecimal() or not 0 < int(given) <= _LAST_PORT:
        message = f"{port_variable(name)} was {given!r}: give a number from 1 to {_LAST_PORT}."
        raise LocalStackError(message)
    return int(given)


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as e:
        message = f"{path} cannot be read: {e}."
        raise LocalStackError(message) from e
