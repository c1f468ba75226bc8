"""The long-lived processes: `groat serve`, `work`, `schedule`, `replay`. A supervisor starts them; so may you."""

from __future__ import annotations

from app.cli.checkout import become
from app.cli.frame import verb


@verb(
    examples=["groat serve", "GROAT_API__PORT=8080 GROAT_API__WORKERS=2 groat serve"],
    reads=["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "GROAT_CACHE_URL", "GROAT_API__HOST", "GROAT_API__PORT"],
)
def serve() -> None:
    """Serve the REST API and its pages."""
    from app import settings  # noqa: PLC0415  heavy
    from app.api import server  # noqa: PLC0415  heavy

    server.serve(settings.load())


@verb(
    examples=["groat work", "GROAT_WORKER__MAX_ASYNC_TASKS=4 groat work"],
    reads=["DATABASE_URL", "REDIS_URL", "POLYGON_API_KEY"],
)
def work() -> None:
    """Run the steps of the pipelines.

    Start as many as you like, on as many machines.
    """
    from app.telemetry import multiprocess  # noqa: PLC0415  heavy

    multiprocess.prepare("worker", becoming=True)
    become("workers.main")


@verb(examples=["groat schedule"], reads=["DATABASE_URL", "REDIS_URL", "GROAT_WORKER__KEEPER_S"])
def schedule() -> None:
    """Tick the pipelines' cron and send what is due.

    A second one waits until the first is gone, so that two do no harm.
    """
    from app.telemetry import multiprocess  # noqa: PLC0415  heavy

    multiprocess.prepare("scheduler", becoming=True)
    become("workers.scheduler")


@verb(
    examples=["groat replay"],
    reads=[
        "GROAT_REPLAY__HOST",
        "GROAT_REPLAY__PORT",
        "GROAT_REPLAY__DATASET",
        "GROAT_REPLAY__MISBEHAVE",
        "GROAT_CLOCK__SPEED",
        "POLYGON_API_KEY",
        "ALPHA_VANTAGE_API_KEY",
        "FINNHUB_API_KEY",
        "NEWS_API_KEY",
    ],
)
def replay() -> None:
    """Serve the replay market: the providers, of past days.

    It speaks the wire formats of the four and enforces their limits, over bundled real data.
    """
    from app import clock, settings  # noqa: PLC0415  heavy
    from app.replay import main as market  # noqa: PLC0415  heavy

    found = settings.load()
    keys = {
        "polygon": found.keys.polygon,
        "alpha_vantage": found.keys.alpha_vantage,
        "finnhub": found.keys.finnhub,
        "newsapi": found.keys.news_api,
    }
    config = market.ReplayConfig(
        dataset=found.replay.dataset,
        keys={name: frozenset({key}) for name, key in keys.items() if key},
        misbehaviour=market.read_rules(found.replay.misbehave),
    )
    market.run(found.replay.host, found.replay.port, config, clock.from_settings(found.clock))
