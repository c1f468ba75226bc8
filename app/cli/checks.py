"""The platform's own checks, each on what the settings name. None of them spends a provider's quota."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec

from app import clock
from app import settings as doors
from app.cli.checkout import ROOT
from app.domain.errors import GroatError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.settings import Settings

PATIENCE_S = 3
SKEW_S = 2.0
REFUSED = """
SELECT a.provider, c.dataset, c.ask_again, c.reason FROM provider_capabilities c JOIN allowances a ON a.id = c.allowance
WHERE c.ask_again > %s ORDER BY 1, 2
"""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one check."""

    name: str
    verdict: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def all_findings() -> list[Finding]:
    """Run every check; settings that cannot be read end the round at once, as the others read them."""
    try:
        settings = doors.load()
    except SettingsError as e:
        return [Finding(name="settings", verdict="fail", found=str(e), advice="groat settings")]
    found = [Finding(name="settings", verdict="ok", found=f"valid, environment {settings.environment}")]
    for check in CHECKS:
        found += check(settings)
    return found


def signing(settings: Settings) -> Iterator[Finding]:
    """See that SECRET_KEY can sign."""
    try:
        doors.signing_key(settings)
    except SettingsError as e:
        yield Finding(name="SECRET_KEY", verdict="fail", found=str(e), advice="ops/setup.sh makes one")
    else:
        yield Finding(name="SECRET_KEY", verdict="ok", found="set, and long enough")


def database(settings: Settings) -> Iterator[Finding]:
    """See that the database answers, that it is migrated as far as this Groat, and that its clock is ours."""
    import psycopg  # noqa: PLC0415  heavy

    name, advice = "database", "start the stack (groat up), or correct DATABASE_URL"
    if not settings.database.url:
        yield Finding(name=name, verdict="fail", found="DATABASE_URL is not set", advice=advice)
        return
    try:
        with psycopg.connect(settings.database.url, connect_timeout=PATIENCE_S, autocommit=True) as connection:
            yield Finding(name=name, verdict="ok", found=_edition(connection))
            yield _schema(connection)
            yield _skew(connection)
    except psycopg.Error as e:
        yield Finding(name=name, verdict="fail", found=" ".join(str(e).split()), advice=advice)


def valkeys(settings: Settings) -> Iterator[Finding]:
    """See that the queue and the cache answer, and that the queue evicts nothing."""
    import redis  # noqa: PLC0415  heavy

    for name, variable, url in (
        ("queue", "REDIS_URL", settings.redis.url),
        ("cache", "GROAT_CACHE_URL", settings.redis.cache_url),
    ):
        advice = f"start the stack (groat up), or correct {variable}"
        if not url:
            yield Finding(name=name, verdict="fail", found=f"{variable} is not set", advice=advice)
            continue
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S) as client:
                info: Any = client.info()
        except (redis.RedisError, OSError, ValueError) as e:
            yield Finding(name=name, verdict="fail", found=f"does not answer: {e}", advice=advice)
            continue
        yield _valkey(name, info)


def market_clock(settings: Settings) -> Iterator[Finding]:
    """See that the market's clock can be read."""
    try:
        market = clock.from_settings(settings.clock)
    except GroatError as e:
        yield Finding(name="market time", verdict="fail", found=str(e), advice="ops/start.sh")
    else:
        how = f"{settings.clock.mode}, speed {market.speed:g}"
        yield Finding(name="market time", verdict="ok", found=f"{market.now():%Y-%m-%d %H:%M} UTC ({how})")


def providers(settings: Settings) -> Iterator[Finding]:
    """See that each provider that has a key can be reached; a connection is opened, nothing is asked."""
    keys = settings.keys
    yield _reached("polygon", settings.polygon.url, keys.polygon, "POLYGON_API_KEY")
    yield _reached("alpha_vantage", settings.alpha_vantage.url, keys.alpha_vantage, "ALPHA_VANTAGE_API_KEY")
    yield _reached("finnhub", settings.finnhub.url, keys.finnhub, "FINNHUB_API_KEY")
    yield _reached("newsapi", settings.newsapi.url, keys.news_api, "NEWS_API_KEY")


def _reached(name: str, url: str, key: str, variable: str) -> Finding:
    """See that a host accepts connections; one without a key is off."""
    if not key:
        advice = f"set {variable}, or let ops/start.sh play the replay market"
        return Finding(name=name, verdict="warn", found="off: it has no key", advice=advice)
    parts = urlsplit(url)
    at = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        socket.create_connection(at, timeout=PATIENCE_S).close()
    except OSError as e:
        advice = f"is there a network, and is GROAT_{name.upper()}__URL right?"
        return Finding(name=name, verdict="fail", found=f"{at[0]}:{at[1]} cannot be reached ({e})", advice=advice)
    return Finding(name=name, verdict="ok", found=f"{at[0]}:{at[1]} can be reached")


def refusals(settings: Settings) -> Iterator[Finding]:
    """Show what providers refused their keys, until they are asked again (market time)."""
    import psycopg  # noqa: PLC0415  heavy

    if not settings.database.url:
        return
    try:
        now = clock.from_settings(settings.clock).now()
        with psycopg.connect(settings.database.url, connect_timeout=PATIENCE_S, autocommit=True) as connection:
            rows = connection.execute(REFUSED, [now]).fetchall()
    except (psycopg.Error, GroatError):
        return  # the checks of the database and of the clock have said so
    for provider, dataset, ask_again, reason in rows:
        found = f"{dataset} refused, asked again from {ask_again.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {reason}"
        yield Finding(name=provider, verdict="warn", found=found, advice="upgrade its plan, or do without")


def _edition(connection: Any) -> str:  # noqa: ANN401  psycopg is imported late
    version = connection.execute("SHOW server_version").fetchone()[0].split()[0]
    query = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    timescale = connection.execute(query).fetchone()
    return f"PostgreSQL {version}, {f'TimescaleDB {timescale[0]}' if timescale else 'no TimescaleDB'}"


def _schema(connection: Any) -> Finding:  # noqa: ANN401  psycopg is imported late
    ours = len(list((ROOT / "migrations/versions").glob("groat_*.py")))
    ran = 0
    if connection.execute("SELECT to_regclass('migration')").fetchone()[0]:
        ran = connection.execute("SELECT count(*) FROM migration WHERE app_name = 'groat'").fetchone()[0]
    if ran == ours:
        return Finding(name="schema", verdict="ok", found=f"up to date ({ran} migrations)")
    if ran < ours:
        found = f"{ours - ran} of {ours} migrations are still to run"
        return Finding(name="schema", verdict="fail", found=found, advice="groat migrate")
    found = f"the database has {ran - ours} migrations more than this Groat knows"
    return Finding(name="schema", verdict="fail", found=found, advice="use the newer Groat that migrated it")


def _skew(connection: Any) -> Finding:  # noqa: ANN401  psycopg is imported late
    before = datetime.now(UTC)
    there = connection.execute("SELECT clock_timestamp()").fetchone()[0]
    after = datetime.now(UTC)
    skew_s = max((there - after).total_seconds(), (before - there).total_seconds(), 0.0)
    advice = "let both machines keep time by NTP"
    return Finding(
        name="database clock",
        verdict="ok" if skew_s <= SKEW_S else "warn",
        found=f"{skew_s:.1f} s off ours",
        advice=advice,
    )


def _valkey(name: str, info: dict[str, Any]) -> Finding:
    product = "Valkey" if info.get("valkey_version") else "Redis"
    version = info.get("valkey_version") or info.get("redis_version")
    policy = str(info.get("maxmemory_policy", ""))
    if name == "queue" and policy != "noeviction":
        advice = "set maxmemory-policy noeviction there: this one may drop messages when it is full"
        return Finding(name=name, verdict="warn", found=f"{product} {version}, {policy}", advice=advice)
    return Finding(name=name, verdict="ok", found=f"{product} {version}, {policy}")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    signing,
    database,
    valkeys,
    market_clock,
    providers,
    refusals,
)
