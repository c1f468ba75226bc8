"""A clock that moves only when a test moves it."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Market time and the quota clock, both set by hand."""

    def __init__(
        self, now: datetime = datetime(2010, 4, 26, 12, 0, tzinfo=UTC), *, speed: float = 1.0, clock_id: str = "manual"
    ) -> None:
        self._now = now
        self._quota_us = 10**12
        self.speed = speed
        self.clock_id = clock_id

    def now(self) -> datetime:
        return self._now

    def quota_us(self) -> int:
        return self._quota_us

    def machine_s(self, market: timedelta) -> float:
        return market.total_seconds() / self.speed

    def advance(self, market: timedelta) -> None:
        self._now += market
        self._quota_us += market // timedelta(microseconds=1)

    def advance_us(self, us: int) -> None:
        self.advance(timedelta(microseconds=us))

    def set_quota_us(self, us: int) -> None:
        self._quota_us = us
