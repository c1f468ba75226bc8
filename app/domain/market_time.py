"""Market time as a pure function of the machine's boot clock.

Two times are never mixed. *Market time* drives sessions, cron windows, `known_at` and the quota windows of a
replay provider. *Machine time* drives leases, backoff and the quotas of real providers, and never runs faster.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec


class Timeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Map boot-clock microseconds to market time.

    At `anchor_boot_us` the market stands at `market_at`; from there it runs `speed` times as fast as the
    machine and stops at `market_until`, where the bundled data ends.
    """

    anchor_boot_us: int
    market_at: datetime
    speed: float
    market_until: datetime | None = None

    def at(self, boot_us: int) -> datetime:
        """Return the market time, aware UTC, at a reading of CLOCK_BOOTTIME in microseconds."""
        elapsed = timedelta(microseconds=(boot_us - self.anchor_boot_us) * self.speed)
        now = self.market_at.astimezone(UTC) + elapsed
        if self.market_until is not None:
            now = min(now, self.market_until.astimezone(UTC))
        return now

    def machine_s(self, market: timedelta) -> float:
        """Return how many machine seconds a span of market time takes."""
        return market.total_seconds() / self.speed
