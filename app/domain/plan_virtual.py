"""A provider in virtual time: calls leave when the ledger's rule lets them, and are counted a while later."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from app.domain.quotas import CallClass, Spending

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from app.domain.quotas import Window

BACKGROUND, INTERACTIVE = CallClass.BACKGROUND, CallClass.INTERACTIVE
NEVER = 1 << 62


class VirtualProvider:
    """Grants calls by the rule of app.domain.quotas: in each window, fewer rest than it allows.

    A call rests until a window's span after its answer, `trip_us` after it left. Times are Unix microseconds.
    """

    def __init__(self, windows: Sequence[Window], spending: Spending, now_us: int, trip_us: int) -> None:
        """Begin with what rests now."""
        self.windows = tuple(windows) + spending.told
        self.trip_us = trip_us
        self.free_from_us = now_us + max(0, spending.blocked_us)
        longest = max(window.span_us for window in self.windows)
        self._longest_us = longest
        self.sent_us: list[int] = []
        self._lates = {
            each: deque(sorted(now_us + min(late, 0) for late in lates))
            for each, lates in (
                (None, spending.lates_us),
                *((one, spending.by_class.get(one, ())) for one in CallClass),
            )
        }
        self._limits = {
            each: [(w.max_calls, w.span_us, self._lates[w.only]) for w in self.windows if w.holds(each)]
            for each in CallClass
        }

    def next_us(self, call_class: CallClass) -> int:
        """Return when the next call of a class can leave."""
        at = self.free_from_us
        for most, span_us, lates in self._limits[call_class]:
            if len(lates) >= most and lates[-most] + span_us > at:
                at = lates[-most] + span_us
        return at

    def send(self, at_us: int, call_class: CallClass) -> None:
        """Make a call."""
        late = at_us + self.trip_us
        self._lates[None].append(late)
        self._lates[call_class].append(late)
        self.sent_us.append(at_us)

    def spending(self, now_us: int) -> Spending:
        """Return what rests at a moment."""
        edge = now_us - self._longest_us
        for lates in self._lates.values():
            while lates and lates[0] <= edge:
                lates.popleft()
        return Spending(
            lates_us=tuple(late - now_us for late in self._lates[None]),
            by_class={each: tuple(late - now_us for late in self._lates[each]) for each in CallClass},
            blocked_us=max(0, self.free_from_us - now_us),
        )

    def run(self, count: int, begin_us: int, end_us: int, arrivals: Sequence[int]) -> tuple[list[int], list[int]]:
        """Make up to `count` background calls from `begin_us` to before `end_us`, and interactive ones as they arrive.

        Returns when the background calls left, and how long each interactive one waited. Who can leave first does.
        """
        made: list[int] = []
        waits: list[int] = []
        coming = deque(arrivals)
        while True:
            ours = max(self.next_us(BACKGROUND), begin_us) if len(made) < count else NEVER
            theirs = max(self.next_us(INTERACTIVE), coming[0]) if coming else NEVER
            if min(ours, theirs) >= end_us:
                return made, waits
            if theirs <= ours:
                self.send(theirs, INTERACTIVE)
                waits.append(theirs - coming.popleft())
            else:
                self.send(ours, BACKGROUND)
                made.append(ours)

    def peak(self, window: Window, arrived_us: Sequence[int] | npt.NDArray[np.int64] | None = None) -> int:
        """Return the most calls that any span of a window's length saw, counted anew from when they arrived."""
        times = np.sort(np.asarray(self.sent_us if arrived_us is None else arrived_us, np.int64))
        if not times.size:
            return 0
        first = np.searchsorted(times, times - window.span_us, side="right")
        return int((np.arange(times.size) - first + 1).max())
