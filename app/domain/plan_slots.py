"""When a provider's next calls can leave, by the ledger's own rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.quotas import CallClass, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.quotas import Spending, Window

UNLIMITED = 1 << 62


class Slots:
    """Hands out the moments of a provider's next calls, one after the other, in microseconds from now.

    A call that is made is last counted `trip_us` after it left. Calls in flight are taken to come back at once.
    """

    def __init__(
        self,
        windows: Sequence[Window],
        spending: Spending,
        call_class: CallClass = CallClass.BACKGROUND,
        trip_us: int = 0,
    ) -> None:
        """Begin with what rests now."""
        self._held = [
            (window.max_calls, window.span_us, sorted(min(late, 0) for late in counted(window, spending)))
            for window in (*windows, *spending.told)
            if window.holds(call_class)
        ]
        self._at = max(0, spending.blocked_us)
        self._trip_us = trip_us

    def peek(self) -> int:
        """Return when the next call can leave."""
        at = self._at
        for most, span_us, lates in self._held:
            if len(lates) >= most and lates[-most] + span_us > at:
                at = lates[-most] + span_us
        return at

    def take(self) -> int:
        """Take the next slot, and return when it is."""
        self._at = at = self.peek()
        for _, _, lates in self._held:
            lates.append(at + self._trip_us)
        return at

    def narrow(self, window: Window) -> None:
        """Keep to one more window from here on."""
        self._held.append((window.max_calls, window.span_us, []))

    def until(self, end_us: int, most: int = UNLIMITED) -> list[int]:
        """Take every slot before a moment, `most` at most."""
        found: list[int] = []
        at, held, trip_us = self._at, self._held, self._trip_us
        while len(found) < most:
            for limit, span_us, lates in held:
                if len(lates) >= limit and lates[-limit] + span_us > at:
                    at = lates[-limit] + span_us
            if at >= end_us:
                break
            found.append(at)
            late = at + trip_us
            for _, _, lates in held:
                lates.append(late)
            self._at = at
        return found


def per_second(windows: Sequence[Window], call_class: CallClass = CallClass.BACKGROUND) -> float:
    """Return the calls a second that windows allow in the long run."""
    return min((window.max_calls / window.span_s for window in windows if window.holds(call_class)), default=1e6)
