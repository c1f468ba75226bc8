"""Market clocks: the wall, or a replay that runs faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.errors import SettingsError
from app.domain.market_time import Timeline

if TYPE_CHECKING:
    from app.settings import ClockSettings


def boot_us() -> int:
    """Read CLOCK_BOOTTIME in microseconds: the same for every process and container of this machine."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


@cache
def boot_id() -> str:
    """Return the kernel's id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class WallClock:
    """Market time is the machine's UTC time; quotas are read on the boot clock, which no time jump moves."""

    speed = 1.0

    def __init__(self) -> None:
        """Name the quota clock after this boot."""
        self.clock_id = boot_id()

    def now(self) -> datetime:
        """Return the machine's time, aware UTC."""
        return datetime.now(UTC)

    def quota_us(self) -> int:
        """Read the boot clock."""
        return boot_us()

    def machine_s(self, market: timedelta) -> float:
        """Return the same span."""
        return market.total_seconds()


class ReplayClock:
    """Market time of a replay: the boot clock from an anchor on, at a speed."""

    def __init__(self, timeline: Timeline, run: str) -> None:
        """Name the quota clock after the run of the replay."""
        self.timeline = timeline
        self.clock_id = f"replay:{run}"
        self.speed = timeline.speed

    def now(self) -> datetime:
        """Return the replay's market time, aware UTC."""
        return self.timeline.at(boot_us())

    def quota_us(self) -> int:
        """Return market microseconds that never stop, not even where the data ends.

        Counted from a fixed moment, so that they go on across restarts of a replay that keep its run.
        """
        ahead = (boot_us() - self.timeline.anchor_boot_us) * self.speed
        return int(self.timeline.market_at.timestamp() * 1_000_000 + ahead)

    def machine_s(self, market: timedelta) -> float:
        """Return how many machine seconds a span of market time takes."""
        return self.timeline.machine_s(market)


def from_settings(settings: ClockSettings) -> WallClock | ReplayClock:
    """Build the clock that the settings name.

    Raises SettingsError when a replay clock lacks its anchor, or its anchor is of another boot.
    """
    if settings.mode == "wall":
        return WallClock()
    if settings.market_at is None or settings.anchor_boot_us is None or not settings.run:
        message = (
            "GROAT_CLOCK__MODE=replay needs GROAT_CLOCK__MARKET_AT, GROAT_CLOCK__ANCHOR_BOOT_US and "
            "GROAT_CLOCK__RUN: `ops/start.sh` sets them."
        )
        raise SettingsError(message)
    if settings.boot_id and settings.boot_id != boot_id():
        message = "The replay clock was set before this machine's last start: run `ops/start.sh` to go on from there."
        raise SettingsError(message)
    timeline = Timeline(
        anchor_boot_us=settings.anchor_boot_us,
        market_at=settings.market_at,
        speed=settings.speed,
        market_until=settings.market_until,
    )
    return ReplayClock(timeline, settings.run)
