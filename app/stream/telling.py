"""Write to the stream: in passing, from any process, and as the one that tells of states."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from app.domain.errors import DependencyDownError
from app.stream.keys import BOARD, LEADER, add, set_epoch
from app.stream.wire import Wire
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ports.stream import StreamEvent
    from app.valkey_protocol import Words

MOST_WAITING: Final = 1_000
MOST_AT_ONCE: Final = 100
REST_S: Final = 1.0
LEASE_MS: Final = 5_000


class StreamAnnouncer:
    """Sends what it is told from a task of its own: whoever tells goes on at once, whatever Valkey does."""

    def __init__(self, url: str) -> None:
        """Keep the address; an empty one means that there is nobody to tell."""
        self.wire = Wire(url)
        self.waiting: deque[StreamEvent] = deque(maxlen=MOST_WAITING)
        self.sending: asyncio.Task[None] | None = None

    def tell(self, event: StreamEvent) -> None:
        """Send an event when that is possible; the oldest that wait are dropped first."""
        if not self.wire.url:
            return
        if len(self.waiting) == MOST_WAITING:
            metrics.STREAM_LOST.inc()
        self.waiting.append(event)
        if self.sending is None or self.sending.done():
            self.sending = asyncio.create_task(self._send(), name="stream")

    async def close(self, within_s: float = 1.0) -> None:
        """Send what waits, for so long at most, and close."""
        if self.sending is not None:
            await asyncio.wait({self.sending}, timeout=within_s)
            self.sending.cancel()
            with suppress(asyncio.CancelledError):
                await self.sending
        self.wire.close()

    async def _send(self) -> None:
        while self.waiting:
            batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), MOST_AT_ONCE))]
            try:
                await self.wire.call(set_epoch(), *map(add, batch))
            except DependencyDownError:
                metrics.STREAM_LOST.inc(len(batch))
                await asyncio.sleep(REST_S)


class StreamBoard:
    """What was last told of each subject, in a hash beside the stream; a lease says who tells."""

    def __init__(self, url: str) -> None:
        """Keep the address."""
        self.wire = Wire(url)
        self.token = secrets.token_hex(8)

    async def lead(self) -> bool:
        """Take or renew the lease; raise DependencyDownError when the stream is away."""
        _, holder = await self.wire.call(["SET", LEADER, self.token, "NX", "PX", LEASE_MS], ["GET", LEADER])
        if holder != self.token.encode():
            return False
        await self.wire.call(["PEXPIRE", LEADER, LEASE_MS])
        return True

    async def read(self) -> Mapping[str, bytes]:
        """Return what was told last, by subject."""
        (pairs,) = await self.wire.call(["HGETALL", BOARD])
        return {key.decode(): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}

    async def put(self, told: Mapping[str, tuple[StreamEvent | None, bytes]], gone: Sequence[str]) -> None:
        """Tell these events and note their subjects' states, and forget others, at once or not at all."""
        commands: list[Words] = [["MULTI"], set_epoch()]
        for subject, (event, state) in told.items():
            commands.append(["HSET", BOARD, subject, state])
            if event is not None:
                commands.append(add(event))
        if gone:
            commands.append(["HDEL", BOARD, *gone])
        await self.wire.call(*commands, ["EXEC"])

    async def resign(self) -> None:
        """Let another process lead at once."""
        with suppress(DependencyDownError):
            (holder,) = await self.wire.call(["GET", LEADER])
            if holder == self.token.encode():
                await self.wire.call(["DEL", LEADER])
        self.wire.close()
