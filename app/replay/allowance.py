"""A plan's limits, counted exactly: every arrival in a rolling window, and the most that any window saw."""

from __future__ import annotations

from collections import deque

import msgspec


class Window(msgspec.Struct, frozen=True):
    """At most `max_calls` arrivals in any `span_us` microseconds of the quota clock."""

    name: str
    span_us: int
    max_calls: int


class RollingCount:
    """Arrivals in the last span, and the highest count there has ever been.

    An arrival leaves the window a full span after it came: the window at t holds what came in (t - span, t].
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.peak = 0
        self._arrivals: deque[int] = deque()

    def is_full(self, at_us: int) -> bool:
        """Tell whether the window ending now already holds all it may."""
        while self._arrivals and self._arrivals[0] <= at_us - self.window.span_us:
            self._arrivals.popleft()
        return len(self._arrivals) >= self.window.max_calls

    def add(self, at_us: int) -> None:
        """Count an arrival; `is_full` must have been asked at the same moment."""
        self._arrivals.append(at_us)
        self.peak = max(self.peak, len(self._arrivals))

    @property
    def left(self) -> int:
        """How many more the window may hold."""
        return max(0, self.window.max_calls - len(self._arrivals))

    def opens_in_us(self, at_us: int) -> int:
        """Return after how long the oldest arrival leaves the window."""
        return max(0, self._arrivals[0] + self.window.span_us - at_us) if self._arrivals else 0


class Allowance:
    """One key's counts, a window each. What is refused counts as well: the strictest reading of the plan.

    `full` are the windows that refused the last arrival, which was at `last_us`.
    """

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self.counts = [RollingCount(window) for window in windows]
        self.full: tuple[Window, ...] = ()
        self.last_us = 0

    def arrive(self, at_us: int) -> bool:
        """Count a request that arrives now, and tell whether it is granted."""
        self.last_us = at_us = max(at_us, self.last_us)
        self.full = tuple(count.window for count in self.counts if count.is_full(at_us))
        for count in self.counts:
            count.add(at_us)
        return not self.full
