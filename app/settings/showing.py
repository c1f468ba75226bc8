"""The settings for people: every one with its names, value, source and meaning, secrets covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from app.settings.names import Path, choices, fields, is_secret, names, traits
from app.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.settings.reading import Reading

SET, NOT_SET, COVER = "(set)", "(not set)", "***"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as it is shown. `name` is the established one where there is one."""

    name: str
    also: tuple[str, ...]
    section: str
    value: str
    default: str
    source: str
    secret: bool
    choices: tuple[str, ...]
    meaning: str


def redacted(settings: Settings) -> dict[str, str]:
    """Return every setting by its name; a secret as ``(set)`` or ``(not set)``, an address without its password."""
    return {row.name: row.value for row in _rows(settings, {})}


def rows(reading: Reading) -> list[Row]:
    """Return every setting in the tree's order, with where it came from."""
    return _rows(reading.settings, {path: f"{one.name} ({one.source})" for path, one in reading.given.items()})


def secret_values(settings: Settings) -> set[str]:
    """Return every secret that is set, and the passwords inside addresses: what no log line may hold."""
    found = {str(value) for path, field in fields() if is_secret(field) and (value := _at(settings, path))}
    return found | {password for value in found if (password := urlsplit(value).password)}


def _rows(settings: Settings, sources: Mapping[Path, str]) -> list[Row]:
    known = names()
    found = []
    for path, field in fields():
        called = [name for name, at in known.items() if at == path]
        found.append(
            Row(
                name=called[-1],
                also=tuple(called[:-1]),
                section=path[0] if len(path) > 1 else "",
                value=_shown(_at(settings, path), field),
                default=_shown(_at(Settings(), path), field),
                source=sources.get(path, "default"),
                secret=is_secret(field),
                choices=choices(field),
                meaning=_meaning(field),
            )
        )
    return found


def _at(settings: Settings, path: Path) -> Any:  # noqa: ANN401  leaves are of any type
    value: Any = settings
    for part in path:
        value = getattr(value, part)
    return value


def _shown(value: Any, field: Any) -> str:  # noqa: ANN401  leaves are of any type
    if not is_secret(field):
        return "" if value is None else str(value)
    if not value:
        return NOT_SET
    return _covered(value) if traits(field).get("url") else SET


def _covered(url: str) -> str:
    """Return the address without password; nothing of it when a password may stand elsewhere in it."""
    parts = urlsplit(url)
    if any(key.lower() not in {"host", "port", "dbname", "sslmode", "db"} for key, _ in parse_qsl(parts.query)):
        return SET
    if parts.password is None:
        return url
    netloc = f"{parts.username or ''}:{COVER}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


def _meaning(field: Any) -> str:  # noqa: ANN401  msgspec's field types are open
    info = msgspec.inspect.type_info(field.type)
    return str((getattr(info, "extra_json_schema", None) or {}).get("description", ""))
