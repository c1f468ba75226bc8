"""The settings of a Groat that lives on a replay's clock, with keys of some of its providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis

from app.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.settings import Settings
    from tests.stack.replay import ReplayHandle

KEYS = {"polygon": "POLYGON_API_KEY", "finnhub": "FINNHUB_API_KEY", "alpha_vantage": "ALPHA_VANTAGE_API_KEY",
        "newsapi": "NEWS_API_KEY"}  # fmt: skip


def on_replay(
    replay: ReplayHandle, urls: tuple[str, str], *providers: str, lease_s: str = "3", **more: str
) -> Callable[..., Settings]:
    """Return a builder of settings, over an emptied queue; `urls` are the database's and the queue's."""
    database_url, queue_url = urls
    with Redis.from_url(queue_url) as queue:
        queue.flushdb()
    timeline = replay.clock.timeline  # type: ignore[attr-defined]  # it is a ReplayClock

    def build(**options: str) -> Settings:
        times = {"lease_s": lease_s, "keeper_s": "0.1", "resend_s": "0.5", "backoff_s": "0.05", "grace_s": "5"}
        return load({
            "DATABASE_URL": database_url,
            "REDIS_URL": queue_url,
            **{KEYS[name]: replay.key for name in providers},
            **{f"GROAT_{name.upper()}__URL": replay.url for name in providers},
            **more,
            "GROAT_CLOCK__MODE": "replay",
            "GROAT_CLOCK__SPEED": str(timeline.speed),
            "GROAT_CLOCK__MARKET_AT": timeline.market_at.isoformat(),
            "GROAT_CLOCK__ANCHOR_BOOT_US": str(timeline.anchor_boot_us),
            "GROAT_CLOCK__RUN": replay.clock.clock_id.removeprefix("replay:"),
            **{f"GROAT_WORKER__{name.upper()}": value for name, value in {**times, **options}.items()},
        })  # fmt: skip

    return build
