"""What grows for ever unless somebody sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta


class RunArchive(Protocol):
    """The pipelines' runs that have ended, with their steps."""

    async def prune(self, keep: timedelta, *, last: int, most: int) -> int:
        """Delete runs that ended longer ago than `keep` (machine time), the oldest first, `most` of them at most.

        Each pipeline's latest `last` runs stay in any case. Returns how many were deleted.
        """
