"""Tell the live stream of states that changed: one process tells, whichever holds the lease.

What was told last stands on a board beside the stream, so that another process goes on where this one ended,
nothing is told twice, and whatever got lost on the way is told again at the next look.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from app.domain.errors import GroatError
from app.ports.stream import StreamBars, StreamEvent, StreamHealth, StreamPipeline, StreamQuota

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.quotas import AllowanceUsage
    from app.ports.providers import Providers
    from app.ports.quotas import Ledger
    from app.ports.stream import Board, StreamReadings
    from app.services.check_health import HealthCheck

LOOK_S: Final = 1.0
HEALTH_S: Final = 2.0
QUALITY_S: Final = 5.0
LIMIT_S: Final = 5.0
QUARANTINE: Final = "quarantine"
NEWEST_RUN: Final = "newest_run"
RUN: Final = "run:"
OPEN: Final = "running"
Told = dict[str, tuple[StreamEvent | None, bytes]]
log = structlog.get_logger("groat.stream")


class ChangeTeller:
    """Compares what is with what was told last. It is also a sink of changed datasets, and tells of those at once."""

    def __init__(
        self, *, board: Board, readings: StreamReadings, ledger: Ledger, providers: Providers, health: HealthCheck
    ) -> None:
        """Keep what to ask."""
        self.board, self.readings, self.health = board, readings, health
        self.ledger, self.providers = ledger, providers
        self.versions: dict[str, int] = {}
        self.news = asyncio.Event()
        self.told: dict[str, bytes] | None = None
        self.next_look = self.next_health = self.next_quality = 0.0

    def proven(self, versions: Mapping[str, int]) -> None:
        """Hear every dataset's version."""
        if self.versions != versions:
            self.versions = dict(versions)
            self.news.set()

    def changed(self, dataset: str, version: int) -> None:
        """Hear that a dataset has a new version."""
        self.versions[dataset] = version
        if dataset == QUARANTINE:
            self.next_quality = 0.0
        self.news.set()

    def lost(self) -> None:
        """Hear that the line is broken: the versions heard once it is back say what was missed."""

    async def run(self, is_watched: Callable[[], bool]) -> None:
        """Tell for ever, while somebody listens in this process."""
        while True:
            if is_watched():
                try:
                    async with asyncio.timeout(LIMIT_S):
                        await self.look()
                except (GroatError, TimeoutError):
                    self.told = None
                except Exception:
                    self.told = None
                    log.exception("the stream could not be told of what changed")
            else:
                self.told = None
            try:
                async with asyncio.timeout(max(0.05, self.next_look - monotonic()) if is_watched() else LOOK_S):
                    await self.news.wait()
            except TimeoutError:
                continue
            self.news.clear()

    async def look(self) -> None:
        """Look once: at datasets always, at the rest when it is time."""
        if not await self.board.lead():
            self.told = None
            self.next_look = monotonic() + LOOK_S
            return
        if self.told is None:
            self.told = dict(await self.board.read())
        changed, gone = await self.bars(), list[str]()
        now = monotonic()
        if now >= self.next_look:
            self.next_look = now + LOOK_S
            runs, gone = await self.runs()
            changed |= runs | await self.quotas()
        if now >= self.next_health:
            self.next_health = now + HEALTH_S
            changed |= await self.dependencies()
        if now >= self.next_quality:
            self.next_quality = now + QUALITY_S
            quality = await self.readings.quality()
            changed["quality"] = (quality, msgspec.json.encode(quality, order="deterministic"))
        changed = {subject: told for subject, told in changed.items() if self.told.get(subject) != told[1]}
        if changed or gone:
            await self.board.put(changed, gone)
            self.told |= {subject: state for subject, (_, state) in changed.items()}
            for subject in gone:
                self.told.pop(subject, None)

    async def bars(self) -> Told:
        """Return the datasets whose versions are not those that were told."""
        told, found = self.told or {}, Told()
        for dataset, version in sorted(self.versions.items()):
            subject, state = f"bars:{dataset}", str(version).encode()
            if told.get(subject) != state:
                session = await self.readings.newest_session(dataset)
                found[subject] = (StreamBars(dataset=dataset, version=version, session=session), state)
        return found

    async def runs(self) -> tuple[Told, list[str]]:
        """Return the runs that are open or new, and the subjects of those that have ended since."""
        told, found = self.told or {}, Told()
        known = [int(subject.removeprefix(RUN)) for subject in told if subject.startswith(RUN)]
        newest = int(told[NEWEST_RUN]) if NEWEST_RUN in told else None
        views = await self.readings.runs(known, newest)
        for view in views:
            found[f"{RUN}{view.run_id}"] = (view, state_of(view))
        if views:
            found[NEWEST_RUN] = (None, str(max(views[-1].run_id, newest or 0)).encode())
        ended = {f"{RUN}{view.run_id}" for view in views if view.state != OPEN}
        gone = [f"{RUN}{run_id}" for run_id in known if f"{RUN}{run_id}" not in found]
        return found, [*gone, *sorted(ended)]

    async def quotas(self) -> Told:
        """Return every window of every provider."""
        usages = await self.ledger.usage([provider.allowance for provider in self.providers.all()])
        return {subject: told for usage in usages for subject, told in windows_of(usage).items()}

    async def dependencies(self) -> Told:
        """Return everything that Groat needs."""
        checks = (await self.health.report()).checks
        return {
            f"health:{name}": (StreamHealth(dependency=name, state=found.state), found.state.encode())
            for name, found in checks.items()
        }


def state_of(view: StreamPipeline) -> bytes:
    """Return what of a run is worth telling when it changes."""
    return msgspec.json.encode([view.state, view.progress])


def windows_of(usage: AllowanceUsage) -> Told:
    """Return a provider's windows; when a call is free again is told only while none is."""
    found = Told()
    blocked = usage.blocked_until is not None
    for window in usage.windows:
        call_class = None if window.only is None else str(window.only)
        is_full = blocked or window.resting >= window.max_calls
        event = StreamQuota(
            provider=usage.provider,
            window_s=window.span_s,
            call_class=call_class,
            used=window.resting,
            limit=window.max_calls,
            next_free=(usage.blocked_until or window.next_free) if is_full else None,
            blocked=blocked,
        )
        state = msgspec.json.encode([window.resting, window.max_calls, blocked])
        found[f"quota:{usage.provider}:{window.span_s:g}:{call_class or 'any'}"] = (event, state)
    return found
