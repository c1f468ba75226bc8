"""Counts of the hottest path, added up for ten milliseconds before they are written where scrapes read.

One increment of a metric that processes share costs a lock, a look at the pid and a write into a mapped file: four
of them were a third of what Groat adds to an answer from memory. What comes after a quiet moment is written as soon
as the event loop is free, so that only a busy process is late with its counts, by ten milliseconds at most, and only
a busy one takes as much with it when it is killed. A scrape writes those of its own process first.
"""

from __future__ import annotations

from asyncio import get_running_loop
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

DELAY_S: Final = 0.01


class Batch:
    """What has been counted and not yet written; for a process with one event loop, and its thread only."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.counts: dict[Counter, int] = {}
        self.observed: dict[Histogram, list[float]] = {}
        self.is_due = False
        self.written_at = 0.0

    def count(self, counter: Counter) -> None:
        """Add one to a counter whose labels are applied."""
        self.counts[counter] = self.counts.get(counter, 0) + 1
        if not self.is_due:
            self.schedule()

    def observe(self, histogram: Histogram, value: float) -> None:
        """Add one observation to a histogram whose labels are applied."""
        seen = self.observed.get(histogram)
        if seen is None:
            self.observed[histogram] = [value]
        else:
            seen.append(value)
        if not self.is_due:
            self.schedule()

    def schedule(self) -> None:
        """Write soon; at once where no event loop runs."""
        try:
            loop = get_running_loop()
        except RuntimeError:
            self.write()
            return
        self.is_due = True
        now = loop.time()
        if now - self.written_at >= DELAY_S:
            self.written_at = now
            loop.call_soon(self.write)
        else:
            self.written_at += DELAY_S
            loop.call_at(self.written_at, self.write)

    def write(self) -> None:
        """Write everything that was counted."""
        self.is_due = False
        counts, self.counts = self.counts, {}
        observed, self.observed = self.observed, {}
        for counter, number in counts.items():
            counter.inc(number)
        for histogram, values in observed.items():
            observe_all(histogram, values)


def observe_all(histogram: Any, values: list[float]) -> None:  # noqa: ANN401  see below
    """Observe many values at the cost of one for each bucket that they fall into.

    `Histogram.observe` takes one value; its parts are the library's own, and a test holds this against it.
    """
    buckets: dict[int, int] = {}
    for value in values:
        at = bisect_left(histogram._upper_bounds, value)  # noqa: SLF001  there is no public way to add many
        buckets[at] = buckets.get(at, 0) + 1
    histogram._sum.inc(sum(values))  # noqa: SLF001  as above
    for at, number in buckets.items():
        histogram._buckets[at].inc(number)  # noqa: SLF001  as above


BATCH: Final = Batch()
