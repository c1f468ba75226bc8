"""The keeper: ticks the crons, moves runs on, and hints what is due. Any number may live; one at a time keeps."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import structlog

from app.domain.errors import DependencyDownError, SettingsError
from app.services.tick_schedule import tick

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from app.bootstrap import House
    from app.domain.pipelines import PipelineSpec, Queue
    from app.ports.steps import Hint

log = structlog.get_logger("groat.keeper")

# A queue is filled up only when it runs low: no storms, and a wiped queue is just an empty one.
LOW = 200
FULL = 1_000
STAND_BY_S = 60.0


class Keeper:
    """Takes its turn each `keeper_s`, in every worker and in the scheduler."""

    def __init__(
        self,
        house: House,
        specs: Sequence[PipelineSpec],
        owner: str,
        unread: Callable[[], Awaitable[Mapping[Queue, int]]],
    ) -> None:
        """Keep for these declarations; `unread` counts the hints that nobody has taken yet.

        Raises SettingsError when no database is named.
        """
        if not house.settings.database.url:
            message = "DATABASE_URL is not set: `groat up` brings a database along, or name one of your own."
            raise SettingsError(message)
        self.house = house
        self.specs = specs
        self.owner = owner
        self.every_s = house.settings.worker.keeper_s
        self._unread = unread
        self._declared = False
        self._stood_by = time.monotonic()
        self._last_turn: float | None = None
        self._trusts_leases_from = 0.0

    async def turn(self) -> list[Hint]:
        """Keep once, in one transaction, and return hints to send after it; none when another keeper just did.

        Raises DependencyDownError when PostgreSQL does not answer. While the queue does not, crons tick and runs
        move on all the same.
        """
        schedule = self.house.spine.schedule
        if not self._declared:
            await schedule.declare(self.specs, self.house.clock.now())
            self._declared = True
        if time.monotonic() - self._stood_by > STAND_BY_S:
            await schedule.stand_by(self.specs)
            self._stood_by = time.monotonic()
        room = await self._room()
        async with schedule.turn(self.owner, self.every_s / 2) as turn:
            trusts_leases = self._trusts_leases()
            if turn is None:
                return []
            await turn.mend()
            now = self.house.clock.now()
            for owed in await turn.crons():
                next_tick = tick(owed.spec, owed.next_due, now)
                if next_tick.windows or next_tick.next_due != owed.next_due:
                    started = await turn.start(owed.spec, next_tick.windows, next_tick.next_due)
                    log.info("the cron ticked", pipeline=owed.spec.name, runs=started, next_due=next_tick.next_due)
            await turn.advance()
            hints = []
            for queue, limit in room.items():
                hints += await turn.due(queue, limit, trusts_leases=trusts_leases)
        return hints

    async def run(self, send: Callable[[Sequence[Hint]], Awaitable[object]]) -> None:
        """Keep for ever, sending the hints of each turn; whatever goes wrong, the next turn comes."""
        while True:
            try:
                hints = await self.turn()
                if hints:
                    await send(hints)
            except DependencyDownError as e:
                log.info("the keeper waits", error=str(e))
            except Exception:
                log.exception("a turn of the keeper failed")
            await asyncio.sleep(self.every_s * random.uniform(0.9, 1.1))  # noqa: S311  jitter

    def _trusts_leases(self) -> bool:
        """Tell, with PostgreSQL at hand, whether a lease that ran out means anything.

        When this keeper could not reach PostgreSQL for a lease, neither could the hearts: they get one lease to
        catch up. (How long ago PostgreSQL started does not tell: its recovery counts as running.)
        """
        now, lease_s = time.monotonic(), self.house.settings.worker.lease_s
        if self._last_turn is not None and now - self._last_turn > max(lease_s / 2, 3 * self.every_s):
            self._trusts_leases_from = now + lease_s
        self._last_turn = now
        return now >= self._trusts_leases_from

    async def _room(self) -> dict[Queue, int]:
        try:
            unread = await self._unread()
        except DependencyDownError:
            return {}
        return {queue: FULL - count for queue, count in unread.items() if count < LOW}
