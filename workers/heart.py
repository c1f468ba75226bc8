"""The heart: renews leases from a thread of its own, so that no step can starve it by keeping the loop busy."""

from __future__ import annotations

import os
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

import structlog

from app.domain.errors import DependencyDownError
from workers.held import Why

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from app.ports.steps import Claim
    from workers.held import Held, Hold

log = structlog.get_logger("groat.heart")

STUCK = 70  # EX_SOFTWARE: the supervisor starts the worker again


class Beats(Protocol):
    """The spine's side of the heart."""

    def beat(self, claims: Sequence[Claim]) -> list[Claim]:
        """Renew the claims; return those that are lost."""

    def give_up(self, overdue: Sequence[Claim], others: Sequence[Claim]) -> None:
        """Charge the overdue, release the others."""

    def close(self) -> None:
        """Close the connection."""


class Heart(Thread):
    """Beats each third of a lease.

    A step past its deadline is cancelled and not renewed. When it goes on for another lease, deaf to that, the
    process is of no use to the steps beside it: it releases them and ends itself.
    """

    def __init__(
        self,
        held: Held,
        beats: Beats,
        lease_s: float,
        loop: asyncio.AbstractEventLoop,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        """Prepare a daemon thread; `end` ends the process."""
        super().__init__(name="heart", daemon=True)
        self.held = held
        self.beats = beats
        self.lease_s = lease_s
        self.loop = loop
        self.end = end
        self._stop_asked = Event()

    def run(self) -> None:
        """Beat until stopped."""
        pause_s = self.lease_s / 3
        while not self._stop_asked.wait(pause_s):
            try:
                self.once()
                pause_s = self.lease_s / 3
            except DependencyDownError:
                pause_s = min(1.0, self.lease_s / 6)
            except Exception:
                log.exception("the heart missed a beat")
        self.beats.close()

    def stop(self) -> None:
        """Stop after the beat at hand, and wait for it."""
        self._stop_asked.set()
        self.join(timeout=self.lease_s)

    def once(self) -> None:
        """Beat once: cancel what is overdue or lost, renew the rest."""
        now = time.monotonic()
        holds = self.held.all()
        # A task that has ended is held until its outcome is recorded, which may take as long as PostgreSQL is away.
        overdue = [hold for hold in holds if now > hold.ends_at and not hold.task.done()]
        for hold in overdue:
            self._cancel(hold, Why.DEADLINE)
        stuck = [hold for hold in overdue if now > hold.ends_at + self.lease_s]
        if stuck:
            self._end_process(stuck, holds)
            return
        alive = [hold for hold in holds if hold not in overdue]
        if not alive:
            return
        lost = set(map(id, self.beats.beat([hold.claim for hold in alive])))
        for hold in alive:
            if id(hold.claim) in lost and not hold.committing:
                self._cancel(hold, Why.LOST)

    def _cancel(self, hold: Hold, why: Why) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(hold.cancel, why)

    def _end_process(self, stuck: list[Hold], holds: list[Hold]) -> None:
        names = [f"{hold.claim.run_id}/{hold.claim.step}/{hold.claim.part}" for hold in stuck]
        log.critical("a step cannot be cancelled: this worker ends itself, to be started again", steps=names)
        others = [hold.claim for hold in holds if hold not in stuck]
        try:
            self.beats.give_up([hold.claim for hold in stuck], others)
        except DependencyDownError:
            log.warning("the steps could not be given back: their leases will run out")
        self.end(STUCK)
