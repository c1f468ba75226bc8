"""Environment in, one frozen Struct tree out; nobody else reads the environment.

``GROAT_<SECTION>__<FIELD>`` names a field of a section, ``GROAT_<FIELD>`` one at the top. The established
names (``DATABASE_URL``, ``REDIS_URL``, ``SECRET_KEY``, ...) are honoured as they are. A secret may come
from a file: the same name with ``_FILE`` behind it. Unknown ``GROAT_*`` names are refused.
"""

from __future__ import annotations

import difflib
import os
from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from app.domain.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENV_FILE = Path(".groat/groat.env")
SECRET = msgspec.Meta(extra={"secret": True})
MIN_SECRET_BYTES = 32

Secret = Annotated[str, SECRET]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings."""


class ClockSettings(Section, frozen=True, kw_only=True):
    """Which clock is the market's.

    In mode ``replay`` the market stands at `market_at` when the machine's boot clock reads
    `anchor_boot_us`, and runs `speed` times as fast as the machine until `market_until`.
    """

    mode: Literal["wall", "replay"] = "wall"
    speed: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 1.0
    market_at: datetime | None = None
    market_until: datetime | None = None
    anchor_boot_us: int | None = None
    boot_id: str | None = None
    run: str | None = None


class ApiSettings(Section, frozen=True, kw_only=True):
    """The web server: where it listens and how many processes it runs."""

    host: str = "127.0.0.1"
    port: Port = 8000
    workers: Count = 1
    backpressure: Annotated[int, msgspec.Meta(ge=16, le=65_536)] = 512
    cache_mb: Annotated[int, msgspec.Meta(ge=0, le=4_096)] = 64
    trusted_proxies: str = "127.0.0.1"


class WorkerSettings(Section, frozen=True, kw_only=True):
    """The workers and the keeper; all times are machine seconds."""

    processes: Count = 1
    max_async_tasks: Count = 10
    lease_s: Seconds = 15.0
    keeper_s: Seconds = 1.0
    resend_s: Seconds = 5.0
    grace_s: Seconds = 20.0


class PolygonSettings(Section, frozen=True, kw_only=True):
    """The Polygon (Massive) provider; `history_from` narrows what its plan is taken to hold."""

    url: str = "https://api.polygon.io"
    history_from: date | None = None


class ReplaySettings(Section, frozen=True, kw_only=True):
    """The replay market's own server; `dataset` names one of its bundled data sets."""

    host: str = "127.0.0.1"
    port: Port = 8090
    dataset: str = "sp500"


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """PostgreSQL: pool sizes are for each process."""

    url: Secret = ""
    pool_max: Count = 8
    statement_timeout_s: Seconds = 30.0


class RedisSettings(Section, frozen=True, kw_only=True):
    """Valkey or Redis: the queue's own instance, and the cache's."""

    url: Secret = ""
    cache_url: Secret = ""


class Keys(Section, frozen=True, kw_only=True):
    """API keys of the data providers; empty means that the provider is off."""

    alpha_vantage: Secret = ""
    finnhub: Secret = ""
    polygon: Secret = ""
    news_api: Secret = ""


class Settings(Section, frozen=True, kw_only=True):
    """Every setting of Groat."""

    environment: Literal["dev", "prod", "test"] = "dev"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    secret_key: Secret = ""
    clock: ClockSettings = ClockSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    polygon: PolygonSettings = PolygonSettings()
    replay: ReplaySettings = ReplaySettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    keys: Keys = Keys()


# Names that were there before Groat, and where each lives in the tree.
ESTABLISHED = {
    "DATABASE_URL": ("database", "url"),
    "REDIS_URL": ("redis", "url"),
    "SECRET_KEY": ("secret_key",),
    "ALPHA_VANTAGE_API_KEY": ("keys", "alpha_vantage"),
    "FINNHUB_API_KEY": ("keys", "finnhub"),
    "POLYGON_API_KEY": ("keys", "polygon"),
    "NEWS_API_KEY": ("keys", "news_api"),
}
ALIASES = {"GROAT_CACHE_URL": ("redis", "cache_url")}
PASSWORDS = {"DB_PASSWORD": ("database", "url"), "REDIS_PASSWORD": ("redis", "url")}
# Read before the tree exists: which file to read, and in which state folder.
OUTSIDE = {"GROAT_ENV_FILE", "GROAT_PREFIX", "GROAT_PREFIX_SOURCE"}


def fields(kind: type[msgspec.Struct] = Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk the tree's leaves: each path and its msgspec field."""
    for field in msgspec.structs.fields(kind):
        here = (*path, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from fields(field.type, here)
        else:
            yield here, field


def is_secret(field: Any) -> bool:  # noqa: ANN401  msgspec's field types are open
    """Tell whether a field's value must never be shown."""
    info = msgspec.inspect.type_info(field.type)
    extra = getattr(info, "extra", None) or {}
    return bool(extra.get("secret"))


def names() -> dict[str, tuple[str, ...]]:
    """Return every name that the environment may hold, and the path it sets."""
    own = {"GROAT_" + "__".join(path).upper(): path for path, _ in fields()}
    return {**own, **ALIASES, **ESTABLISHED}


def read_env_file(path: Path) -> dict[str, str]:
    """Read ``KEY=value`` lines; raise SettingsError, naming the line, for anything else."""
    found: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.isidentifier():
            message = f"{path}, line {number}, is not of the form KEY=value: correct it."
            raise SettingsError(message)
        found[key] = value.strip().strip("'\"")
    return found


def environment() -> dict[str, str]:
    """Return the process environment over the settings file (``GROAT_ENV_FILE``, or ``.groat/groat.env``).

    An empty ``GROAT_ENV_FILE`` means: no file.
    """
    named = os.environ.get("GROAT_ENV_FILE")
    if named == "":
        return dict(os.environ)
    path = Path(named) if named else ENV_FILE
    if named and not path.is_file():
        message = f"GROAT_ENV_FILE names {path}, which is not there: correct the name or unset it."
        raise SettingsError(message)
    below = read_env_file(path) if path.is_file() else {}
    return {**below, **os.environ}


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from an environment (by default the process's, over the settings file).

    Raises SettingsError with one line that says which name is wrong, and what to do.
    """
    env = environment() if env is None else env
    tree: dict[str, Any] = {}
    known = names()
    refuse_unknown(env, known)
    for name, path in known.items():
        value = lookup(env, name)
        if value is not None:
            put(tree, path, value, name)
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as e:
        raise SettingsError(explain(str(e), known)) from None
    return with_passwords(settings, env)


def lookup(env: Mapping[str, str], name: str) -> str | None:
    """Return a name's value, or the contents of the file that its ``_FILE`` twin names; empty counts as unset."""
    if name + "_FILE" not in env:
        return env.get(name) or None
    if env.get(name):
        message = f"Both {name} and {name}_FILE are set: keep one."
        raise SettingsError(message)
    try:
        return Path(env[name + "_FILE"]).read_text(encoding="utf-8").strip() or None
    except OSError as e:
        message = f"{name}_FILE names {env[name + '_FILE']}, which cannot be read ({e.strerror}): correct it."
        raise SettingsError(message) from None


def refuse_unknown(env: Mapping[str, str], known: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a GROAT_* name that means nothing, and suggest the nearest one that does."""
    secrets = {name for name, path in known.items() if path in secret_paths()}
    allowed = {*known, *OUTSIDE, *(name + "_FILE" for name in secrets)}
    for name in sorted(env):
        if name.startswith("GROAT_") and name not in allowed:
            near = difflib.get_close_matches(name, sorted(allowed), n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else " `groat settings` lists the names."
            message = f"{name} is not a setting of Groat.{hint}"
            raise SettingsError(message)


def secret_paths() -> set[tuple[str, ...]]:
    """Return the paths of the secret leaves."""
    return {path for path, field in fields() if is_secret(field)}


def put(tree: dict[str, Any], path: tuple[str, ...], value: str, name: str) -> None:
    """Place one value in the tree; two names for one place must agree."""
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    if tree.setdefault(path[-1], value) != value:
        message = f"{name} contradicts another name for the same setting: keep one."
        raise SettingsError(message)


def explain(text: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Turn msgspec's ``... - at `$.a.b` `` into a line that names the environment variable."""
    what, _, where = text.partition(" - at `$.")
    path = tuple(where.rstrip("`").split("."))
    name = next((name for name, p in known.items() if p == path), ".".join(path))
    return f"{name} is not valid: {what[:1].lower()}{what[1:]}. Correct it; `groat settings` shows what is read."


def with_passwords(settings: Settings, env: Mapping[str, str]) -> Settings:
    """Put DB_PASSWORD and REDIS_PASSWORD into the URLs that hold no password of their own."""
    database, redis = settings.database, settings.redis
    db_password, redis_password = lookup(env, "DB_PASSWORD"), lookup(env, "REDIS_PASSWORD")
    return msgspec.structs.replace(
        settings,
        database=msgspec.structs.replace(database, url=with_password(database.url, db_password)),
        redis=msgspec.structs.replace(
            redis,
            url=with_password(redis.url, redis_password),
            cache_url=with_password(redis.cache_url, redis_password),
        ),
    )


def with_password(url: str, password: str | None) -> str:
    """Return the URL with the password in it, unless it has one already."""
    parts = urlsplit(url)
    if not url or not password or parts.password:
        return url
    netloc = f"{parts.username or ''}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


def signing_key(settings: Settings) -> str:
    """Return SECRET_KEY; raise SettingsError when it is missing, too short or too simple to sign with."""
    key = settings.secret_key
    make = "Make one with `ops/setup.sh`, or `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`."
    if len(key.encode()) < MIN_SECRET_BYTES:
        message = f"SECRET_KEY must hold {MIN_SECRET_BYTES} random bytes or more. {make}"
        raise SettingsError(message)
    if len(set(key)) < MIN_SECRET_BYTES // 3 or "change" in key.lower() or "secret" in key.lower():
        message = f"SECRET_KEY looks like a default, not like random bytes. {make}"
        raise SettingsError(message)
    return key


def redacted(settings: Settings) -> dict[str, str]:
    """Return every setting by its environment name, secrets as ``(set)`` or ``(not set)``."""
    hidden = secret_paths()
    shown = {}
    for name, path in sorted(names().items()):
        value: Any = settings
        for part in path:
            value = getattr(value, part)
        if path in hidden:
            shown[name] = "(set)" if value else "(not set)"
        else:
            shown[name] = "" if value is None else str(value)
    return shown
