"""What this process holds: claims and the tasks that work on them, shared by the event loop and the heart."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ports.steps import Claim


class Why(Enum):
    """Why a task was cancelled."""

    LOST = "another worker took the step over"
    DEADLINE = "its deadline passed"
    LEAVING = "this worker is stopping"


@dataclass(eq=False)
class Hold:
    """One claim, and the task that works on it. `ends_at` is monotonic seconds."""

    claim: Claim
    task: asyncio.Task[None]
    ends_at: float
    why: Why | None = None
    committing: bool = False
    since: float = field(default_factory=time.monotonic)

    def cancel(self, why: Why) -> None:
        """Cancel the task; call it in the event loop, and again as long as the task goes on.

        Up to Python 3.11, `asyncio.wait_for` can swallow a cancellation that comes together with its result.
        """
        if not self.task.done():
            self.why = self.why or why
            self.task.cancel()


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


class Held:
    """Every claim in hand. Safe to use from the loop and from the heart's thread."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._holds: set[Hold] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        """Count what is in hand."""
        with self._lock:
            return len(self._holds)

    def add(self, claim: Claim, task: asyncio.Task[None]) -> Hold:
        """Take a claim in hand, with the task that works on it."""
        hold = Hold(claim=claim, task=task, ends_at=time.monotonic() + claim.deadline_s)
        with self._lock:
            self._holds.add(hold)
        return hold

    def drop(self, hold: Hold) -> None:
        """Let go of a claim."""
        with self._lock:
            self._holds.discard(hold)

    def all(self) -> list[Hold]:
        """Return what is in hand now."""
        with self._lock:
            return list(self._holds)

    def count(self, fits: Callable[[Claim], bool]) -> int:
        """Count the claims that fit."""
        return sum(fits(hold.claim) for hold in self.all())
