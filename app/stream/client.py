"""One client of the stream: what waits to be sent to it, strictly in order, and never too much."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from app.ports.stream import StreamReset
from app.stream.keys import START, Place, event_id, frame_of

# A client so many events behind has stopped reading: what it would get is old by then.
MOST_BEHIND: Final = 1_000
BEAT: Final = b": beat\n\n"


class StreamClient:
    """A bounded queue of frames, which are shared by all clients. `at` is the place of the last one."""

    __slots__ = ("at", "frames", "held", "is_over", "late_beats", "task", "wake")

    def __init__(self, task: asyncio.Task[None] | None) -> None:
        """Serve the task that answers the request."""
        self.at: Place = START
        self.frames: deque[bytes] = deque()
        self.held: list[tuple[Place, bytes]] | None = None
        self.is_over = False
        self.late_beats = 0
        self.task = task
        self.wake: asyncio.Future[None] | None = None

    async def next(self) -> bytes:
        """Return what waits, as soon as there is something; empty when it is over."""
        if not self.frames and not self.is_over:
            self.wake = asyncio.get_running_loop().create_future()
            await self.wake
        waiting = b"".join(self.frames)
        self.frames.clear()
        self.late_beats = 0
        return waiting

    def push(self, place: Place, frame: bytes, epoch: str) -> bool:
        """Queue an event that is newer than the last; return False when the client is dropped for being slow."""
        if self.held is not None:
            self.held.append((place, frame))
            if len(self.held) > MOST_BEHIND:
                self.drop(place, epoch)
        elif place > self.at and not self.is_over:
            self.at = place
            if len(self.frames) >= MOST_BEHIND:
                self.drop(place, epoch)
            else:
                self.say(frame)
        return not self.is_over

    def say(self, frame: bytes) -> None:
        """Queue a frame that has no place in the stream."""
        if not self.is_over:
            self.frames.append(frame)
            self.ring()

    def reset(self, place: Place, frame: bytes) -> None:
        """Queue a reset, instead of everything that waits: it would be renewed anyway."""
        self.held = None
        self.at = place
        self.frames.clear()
        self.say(frame)

    def drop(self, place: Place, epoch: str) -> None:
        """Tell a slow client to renew, and be done with it."""
        self.reset(place, frame_of(StreamReset(reason="slow"), event_id(epoch, place)))
        self.end()

    def beat(self) -> bool:
        """Queue a heartbeat, if nothing else waits; return False when nothing was taken since several beats."""
        if self.frames or self.is_over:
            self.late_beats += 1
        else:
            self.say(BEAT)
        return self.late_beats <= 2  # noqa: PLR2004  half a minute and more

    def hold(self) -> None:
        """Keep events apart, until those before them are known."""
        self.held = []

    def release(self, before: list[tuple[Place, bytes]], epoch: str) -> None:
        """Queue the events before, then those that were held."""
        held, self.held = self.held or [], None
        for place, frame in before:
            if place > self.at:
                self.at = place
                self.frames.append(frame)
        for place, frame in held:
            self.push(place, frame, epoch)
        self.ring()

    def end(self) -> None:
        """Let what waits be sent, and nothing after it."""
        self.is_over = True
        self.ring()

    def ring(self) -> None:
        """Wake whoever waits."""
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)
