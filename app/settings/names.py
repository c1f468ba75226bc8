"""What the environment calls each setting, and what was meant by a name that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.domain.errors import SettingsError
from app.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str, ...]

# Names that were there before Groat, and where each lives in the tree.
ESTABLISHED: dict[str, Path] = {
    "DATABASE_URL": ("database", "url"),
    "REDIS_URL": ("redis", "url"),
    "SECRET_KEY": ("secret_key",),
    "ALPHA_VANTAGE_API_KEY": ("keys", "alpha_vantage"),
    "FINNHUB_API_KEY": ("keys", "finnhub"),
    "POLYGON_API_KEY": ("keys", "polygon"),
    "NEWS_API_KEY": ("keys", "news_api"),
}
ALIASES: dict[str, Path] = {"GROAT_CACHE_URL": ("redis", "cache_url")}
# Put into the URLs that hold no password of their own.
PASSWORDS: dict[str, tuple[Path, ...]] = {
    "DB_PASSWORD": (("database", "url"),),
    "REDIS_PASSWORD": (("redis", "url"), ("redis", "cache_url")),
}
# Read before the tree exists, or by `ops/` alone.
OUTSIDE = {
    "GROAT_ENV_FILE": "The settings file; empty means none. Otherwise `.groat/groat.env` is read, when it is there.",
    "GROAT_METRICS_DIR": "Where the services of a machine keep their metrics beside each other; each alone without it.",
    "GROAT_PREFIX": "Where `ops/start.sh` keeps the database programs.",
    "GROAT_PREFIX_SOURCE": "Where `ops/start.sh` takes them from: `debian` or `wheels`.",
}


def fields(kind: type[msgspec.Struct] = Settings, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Walk the tree's leaves: each path and its msgspec field."""
    for field in msgspec.structs.fields(kind):
        here = (*path, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from fields(field.type, here)
        else:
            yield here, field


def traits(field: Any) -> dict[str, Any]:  # noqa: ANN401  msgspec's field types are open
    """Return what the tree says about a field beside its type: ``secret``, ``url``."""
    return getattr(msgspec.inspect.type_info(field.type), "extra", None) or {}


def is_secret(field: Any) -> bool:  # noqa: ANN401  msgspec's field types are open
    """Tell whether a field's value must never be shown."""
    return bool(traits(field).get("secret"))


def choices(field: Any) -> tuple[str, ...]:  # noqa: ANN401  msgspec's field types are open
    """Return the words that a field may hold; empty when it is free."""
    info: Any = msgspec.inspect.type_info(field.type)
    return tuple(getattr(getattr(info, "type", info), "values", ()))


def secret_paths() -> set[Path]:
    """Return the paths of the secret leaves."""
    return {path for path, field in fields() if is_secret(field)}


def names() -> dict[str, Path]:
    """Return every name that the environment may hold, and the path it sets."""
    own = {"GROAT_" + "__".join(path).upper(): path for path, _ in fields()}
    return {**own, **ALIASES, **ESTABLISHED}


def refuse_unknown(env: Iterable[str], known: Mapping[str, Path]) -> None:
    """Refuse a GROAT_* name that means nothing, and suggest the nearest one that does."""
    given = sorted(name for name in env if name.startswith("GROAT_") and name not in known and name not in OUTSIDE)
    if not given:
        return
    secrets = secret_paths()
    allowed = {*known, *OUTSIDE, *(name + "_FILE" for name, path in known.items() if path in secrets)}
    for name in given:
        if name not in allowed:
            message = f"{name} is not a setting of Groat.{_hint(name, allowed)}"
            raise SettingsError(message)


def _hint(name: str, allowed: set[str]) -> str:
    import difflib  # noqa: PLC0415  only a mistake needs it

    plain = name.removesuffix("_FILE")
    if plain in allowed:
        return f" Only a secret may come from a file: set {plain} itself."
    tails = {other.removeprefix("GROAT_"): other for other in sorted(allowed)}
    near = difflib.get_close_matches(name.removeprefix("GROAT_"), tails, n=1, cutoff=0.7)
    return f" Did you mean {tails[near[0]]}?" if near else " `groat settings` lists the names."
