"""The clock port: market time, and the clock that quota windows are read on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Clock(Protocol):
    """Tell market time, and translate spans of it to machine time.

    On a replay market it runs at the configured speed; otherwise it is the wall clock.
    """

    @property
    def clock_id(self) -> str:
        """Name the clock of the quota ledger: ``replay:<run>``, or the machine's boot id."""

    @property
    def speed(self) -> float:
        """Market seconds that pass in a machine second."""

    def now(self) -> datetime:
        """Return market time, aware UTC."""

    def quota_us(self) -> int:
        """Read the quota clock in microseconds: it never steps back while `clock_id` stays the same."""

    def machine_s(self, market: timedelta) -> float:
        """Return how many machine seconds a span of market time takes."""
