"""What there is to set: the tree of sections, each field with its meaning."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


def _means(text: str, **extra: object) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra=extra or None)


def _secret(text: str, **extra: object) -> msgspec.Meta:
    return _means(text, secret=True, **extra)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings."""


class ClockSettings(Section, frozen=True, kw_only=True):
    """Which clock is the market's.

    In mode ``replay`` the market stands at `market_at` when the machine's boot clock reads
    `anchor_boot_us`, and runs `speed` times as fast as the machine until `market_until`. `ops/start.sh`
    writes these for the demo; nobody sets them by hand.
    """

    mode: Annotated[Literal["wall", "replay"], _means("The machine's own time, or a replay of past days.")] = "wall"
    speed: Annotated[
        float, msgspec.Meta(gt=0, le=1_000_000), _means("Market seconds that pass in a machine second.")
    ] = 1.0
    market_at: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None, _means("Where the replayed market stood at its anchor.")
    ] = None
    market_until: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None, _means("Where the replayed market stops.")
    ] = None
    anchor_boot_us: Annotated[int | None, _means("The boot clock at the anchor, in microseconds.")] = None
    boot_id: Annotated[str | None, _means("The boot that the anchor belongs to.")] = None
    run: Annotated[str | None, _means("Name of the replay; quota windows are counted under it.")] = None


class ApiSettings(Section, frozen=True, kw_only=True):
    """The web server: where it listens and how many processes it runs."""

    host: Annotated[str, _means("Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, _means("Port to listen on.")] = 8000
    workers: Annotated[Count, _means("Server processes.")] = 1
    backpressure: Annotated[
        int,
        msgspec.Meta(ge=16, le=65_536),
        _means("Connections a process accepts at once, idle ones too; more than the proxy keeps open."),
    ] = 2_048
    stream_clients: Annotated[
        int,
        msgspec.Meta(ge=1, le=65_536),
        _means("Live streams that a process serves at once; half of `backpressure` at most, whatever is set here."),
    ] = 1_000
    frontend: Annotated[
        str, _means("Folder of the built web pages; empty means `frontend/dist` of the checkout, when it is built.")
    ] = ""
    cache_mb: Annotated[
        int, msgspec.Meta(ge=0, le=4_096), _means("Memory of a process's own cache of answers, in MB; 0 is off.")
    ] = 64
    trusted_proxies: Annotated[str, _means("Whose X-Forwarded-For is believed: addresses, by commas.")] = "127.0.0.1"
    metrics_from: Annotated[
        str, _means("Who may scrape /metrics without a token, past any proxy: addresses or networks, by commas.")
    ] = "127.0.0.1,::1"


class WorkerSettings(Section, frozen=True, kw_only=True):
    """The workers and the keeper; all times are machine seconds."""

    processes: Annotated[Count, _means("Worker processes.")] = 1
    max_async_tasks: Annotated[Count, _means("Steps that a process works on at once.")] = 10
    lease_s: Annotated[Seconds, _means("How long a claimed step is held without a sign of life.")] = 15.0
    keeper_s: Annotated[Seconds, _means("How often the keeper looks for what is due.")] = 1.0
    resend_s: Annotated[Seconds, _means("After how long a hint that nobody took is sent again.")] = 5.0
    backoff_s: Annotated[Seconds, _means("How long a step that failed waits first; each further wait is longer.")] = 2.0
    grace_s: Annotated[Seconds, _means("How long a stopping worker may finish what it began.")] = 20.0


class PolygonSettings(Section, frozen=True, kw_only=True):
    """The Polygon (Massive) provider."""

    url: Annotated[str, _means("Where it is called; the replay market's address in the demo.", url="http")] = (
        "https://api.polygon.io"
    )
    history_from: Annotated[date | None, _means("First day that its plan is taken to hold; narrows the default.")] = (
        None
    )


class AlphaVantageSettings(Section, frozen=True, kw_only=True):
    """The Alpha Vantage provider."""

    url: Annotated[str, _means("Where it is called; the replay market's address in the demo.", url="http")] = (
        "https://www.alphavantage.co"
    )


class FinnhubSettings(Section, frozen=True, kw_only=True):
    """The Finnhub provider."""

    url: Annotated[str, _means("Where it is called; the replay market's address in the demo.", url="http")] = (
        "https://finnhub.io"
    )


class NewsApiSettings(Section, frozen=True, kw_only=True):
    """The NewsAPI provider."""

    url: Annotated[str, _means("Where it is called; the replay market's address in the demo.", url="http")] = (
        "https://newsapi.org"
    )


class PlanSettings(Section, frozen=True, kw_only=True):
    """What the planner asks for of instruments one by one."""

    watchlist: Annotated[str, _means("Whom to follow closest: symbols, by commas.")] = ""
    calls_per_s: Annotated[
        float, msgspec.Meta(gt=0, le=1_000), _means("How many such calls a second this machine is to make at most.")
    ] = 10.0


class KeepSettings(Section, frozen=True, kw_only=True):
    """For how long the logs are kept, in days of the machine; housekeeping deletes what is older."""

    calls_days: Annotated[Count, _means("Provider calls; those that still count against a quota stay in any case.")] = (
        30
    )
    runs_days: Annotated[Count, _means("Pipeline runs that ended; the last 50 of each pipeline stay in any case.")] = 14


class ReplaySettings(Section, frozen=True, kw_only=True):
    """The replay market's own server."""

    host: Annotated[str, _means("Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, _means("Port to listen on.")] = 8090
    dataset: Annotated[str, _means("Which of its bundled data sets it plays.")] = "sp500"
    misbehave: Annotated[str, _means("How it misbehaves from its start on: a JSON list of rules, for tests.")] = ""


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """PostgreSQL: pool sizes are for each process."""

    url: Annotated[str, _secret("Address of the database, such as postgresql://user@host/groat.", url="postgres")] = ""
    pool_max: Annotated[Count, _means("Connections that a process may hold.")] = 8
    statement_timeout_s: Annotated[Seconds, _means("After how long a statement is given up.")] = 30.0


class RedisSettings(Section, frozen=True, kw_only=True):
    """Valkey or Redis: the queue's own instance, and the cache's."""

    url: Annotated[str, _secret("Address of the queue's instance, which must evict nothing.", url="redis")] = ""
    cache_url: Annotated[str, _secret("Address of the cache's instance.", url="redis")] = ""


class Keys(Section, frozen=True, kw_only=True):
    """API keys of the data providers; empty means that the provider is off."""

    alpha_vantage: Annotated[str, _secret("Key of Alpha Vantage.")] = ""
    finnhub: Annotated[str, _secret("Key of Finnhub.")] = ""
    polygon: Annotated[str, _secret("Key of Polygon (Massive).")] = ""
    news_api: Annotated[str, _secret("Key of NewsAPI.")] = ""


class Settings(Section, frozen=True, kw_only=True):
    """Every setting of Groat."""

    environment: Annotated[
        Literal["dev", "prod", "test"], _means("What this installation is for; prod guards every endpoint.")
    ] = "dev"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _means("What is worth a line.")] = "info"
    log_format: Annotated[
        Literal["auto", "console", "json"], _means("How a line looks; auto is console in a terminal, else JSON.")
    ] = "auto"
    secret_key: Annotated[str, _secret("Signs the bearer tokens: 32 random bytes or more.")] = ""
    clock: ClockSettings = ClockSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    polygon: PolygonSettings = PolygonSettings()
    alpha_vantage: AlphaVantageSettings = AlphaVantageSettings()
    finnhub: FinnhubSettings = FinnhubSettings()
    newsapi: NewsApiSettings = NewsApiSettings()
    plan: PlanSettings = PlanSettings()
    keep: KeepSettings = KeepSettings()
    replay: ReplaySettings = ReplaySettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    keys: Keys = Keys()
