"""Keep `groat.env`: KEY=value lines for the platform, 0600, in which credentials are never replaced silently."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ops.local.errors import LocalStackError
from ops.local.state import write_private

DEMO_KEY: Final = "groat-replay-"
CREDENTIALS: Final[dict[str, Callable[[], str]]] = {
    "DB_PASSWORD": lambda: secrets.token_urlsafe(32),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(32),
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "POLYGON_API_KEY": lambda: DEMO_KEY + secrets.token_hex(12),
}
OTHER_KEYS: Final = ("ALPHA_VANTAGE_API_KEY", "FINNHUB_API_KEY", "NEWS_API_KEY")
_HEAD: Final = """\
# Groat's settings on this machine. Private (0600): it holds credentials, which only `ops/setup.sh` changes.
# Lines that you add are kept; the environment wins over this file. Ports, addresses and the clock are written
# at each start (move a port with PORT_<NAME>).
"""


def market_keys(values: Mapping[str, str], *, replay: bool) -> dict[str, str | None]:
    """Return what changes about the keys of the providers beside Polygon.

    The replay market takes any key, so it gets one for each provider that has none; a real host must never see those.
    """
    if replay:
        return {name: DEMO_KEY + secrets.token_hex(12) for name in OTHER_KEYS if not values.get(name)}
    return {name: None for name in OTHER_KEYS if values.get(name, "").startswith(DEMO_KEY)}


class EnvFile:
    """The file's lines, changed in place, so that comments and the user's own lines stay."""

    def __init__(self, path: Path) -> None:
        """Read the file; one that is not there is empty."""
        self.path = path
        try:
            self._lines = path.read_text().splitlines() if path.exists() else _HEAD.splitlines()
        except OSError as e:
            message = f"{path} cannot be read ({e.strerror}): it must belong to the user who starts Groat."
            raise LocalStackError(message) from e

    def values(self) -> dict[str, str]:
        """Return every KEY=value of the file."""
        pairs = (line.partition("=") for line in self._lines if "=" in line and not line.lstrip().startswith("#"))
        return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}

    def put(self, changes: Mapping[str, str | None]) -> None:
        """Set each key, or take its line out when the value is None."""
        for key, value in changes.items():
            where = [n for n, line in enumerate(self._lines) if line.partition("=")[0].strip() == key]
            for n in reversed(where[1:] if value is not None else where):
                del self._lines[n]
            if value is not None:
                if where:
                    self._lines[where[0]] = f"{key}={value}"
                else:
                    self._lines.append(f"{key}={value}")

    def add_missing_credentials(self) -> list[str]:
        """Make the credentials that the file lacks; return their names."""
        missing = [name for name in CREDENTIALS if not self.values().get(name)]
        self.put({name: CREDENTIALS[name]() for name in missing})
        return missing

    def rotate(self, name: str) -> None:
        """Replace one credential by a fresh one."""
        if name not in CREDENTIALS:
            message = f"{name} is not a credential that Groat makes: choose one of {', '.join(CREDENTIALS)}."
            raise LocalStackError(message)
        self.put({name: CREDENTIALS[name]()})

    def save(self) -> None:
        """Write the file at once, 0600."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(self.path, "\n".join(self._lines) + "\n")
        except OSError as e:
            message = f"{self.path} cannot be written ({e.strerror}): give this user the right to write there."
            raise LocalStackError(message) from e
