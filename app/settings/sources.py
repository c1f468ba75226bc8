"""Where values come from: the process's environment, over the settings file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.domain.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV_FILE = Path(".groat/groat.env")
CHECKOUT = Path(__file__).resolve().parents[2]
PROCESS = "environment"


class Layer(NamedTuple):
    """One source of values. Those that come later win."""

    source: str
    values: Mapping[str, str]


def layers() -> list[Layer]:
    """Return the settings file, when there is one, and the process's environment above it.

    The file is ``GROAT_ENV_FILE`` (empty means: none), else ``.groat/groat.env`` in the current folder, else
    in the checkout. Raises SettingsError for a named file that is not there, and for a line that is no KEY=value.
    """
    above = Layer(PROCESS, dict(os.environ))
    path = settings_file(above.values)
    return [Layer(str(path), read_env_file(path)), above] if path else [above]


def settings_file(env: Mapping[str, str]) -> Path | None:
    """Return the settings file that applies.

    Raises SettingsError when the named one is not there, and for one that was only found and is somebody else's: in a
    folder that others can write to, they could name the servers that our credentials are sent to.
    """
    named = env.get("GROAT_ENV_FILE")
    if named:
        if not Path(named).is_file():
            message = f"GROAT_ENV_FILE names {named}, which is not there: correct the name or unset it."
            raise SettingsError(message)
        return Path(named)
    if named == "":
        return None
    found = next((path for path in (ENV_FILE, CHECKOUT / ENV_FILE) if path.is_file()), None)
    if found and found.stat().st_uid not in {os.geteuid(), 0}:
        message = f"{found} belongs to somebody else, so it is not read: if you trust it, name it in GROAT_ENV_FILE."
        raise SettingsError(message)
    return found


def environment() -> dict[str, str]:
    """Return the process's environment over the settings file."""
    merged: dict[str, str] = {}
    for layer in layers():
        merged |= layer.values
    return merged


def read_env_file(path: Path) -> dict[str, str]:
    """Read ``KEY=value`` lines; one pair of quotes around a value is taken off.

    Raises SettingsError, naming the line but never its value, for anything else.
    """
    found: dict[str, str] = {}
    for number, raw in enumerate(_text(path, f"The settings file {path}").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not (key.isascii() and key.isidentifier()):
            message = f"{path}, line {number}, is not of the form KEY=value: correct it."
            raise SettingsError(message)
        if key in found:
            message = f"{path}, line {number}, sets {key} a second time: keep one."
            raise SettingsError(message)
        found[key] = _unquoted(value)
    return found


def lookup(env: Mapping[str, str], name: str) -> str | None:
    """Return a name's value, or the contents of the file that its ``_FILE`` twin names; empty counts as unset.

    Raises SettingsError when both are set, or when the file cannot be read.
    """
    value, twin = env.get(name), env.get(name + "_FILE")
    if not twin:
        return value or None
    if value:
        message = f"Both {name} and {name}_FILE are set: keep one."
        raise SettingsError(message)
    return _text(Path(twin), f"{name}_FILE names {twin}, which").strip() or None


def _text(path: Path, subject: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as e:
        message = f"{subject} cannot be read ({e.strerror}): correct it."
    except UnicodeDecodeError:
        message = f"{subject} is not text in UTF-8: correct it."
    raise SettingsError(message)


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
