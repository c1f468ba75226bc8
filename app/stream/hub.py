"""One reader of the stream for each API process, and the clients that it passes events on to.

    Valkey --XREAD--> hub --a bounded queue each--> clients

It reads from its first client on. Whatever it cannot be sure of ends in `reset`: the client renews everything.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from app.domain.errors import DependencyDownError, LaterError
from app.ports.stream import StreamHealth, StreamReset
from app.stream.client import StreamClient
from app.stream.keys import EPOCH, START, STREAM, event_id, frame, frame_of, place_of, read_id, set_epoch
from app.stream.wire import Wire
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Literal

    from app.ports.stream import StreamListener
    from app.stream.keys import Place

BLOCK_S: Final = 1.0
BEAT_S: Final = 15.0
RETRY_S: Final = 0.5
SYNC_S: Final = 2.5
COME_BACK_S: Final = 10.0
MOST_AT_ONCE: Final = 500
# Somebody who missed more than that renews everything sooner than event by event.
MOST_RESUMED: Final = 1_000
Entry = list[Any]
log = structlog.get_logger("groat.stream")


class StreamHub:
    """The clients of one process.

    `attend` runs beside the reading, and is told how to ask whether somebody listens now: it tells of states.
    """

    def __init__(
        self,
        url: str,
        *,
        most_clients: int,
        attend: Callable[[Callable[[], bool]], Awaitable[None]],
        beat_s: float = BEAT_S,
    ) -> None:
        """Prepare, but open nothing."""
        self.most_clients = most_clients
        self.attend = attend
        self.beat_s = beat_s
        self.reading = Wire(url)
        self.asking = Wire(url)
        self.asking_alone = asyncio.Lock()
        self.clients: set[StreamClient] = set()
        self.epoch = ""
        self.place: Place = START
        self.synced = asyncio.Event()
        self.is_away = False
        self.is_closing = False
        self.running: asyncio.Task[None] | None = None

    async def join(self, last_id: str) -> StreamClient:
        """Take on a client, which goes on after `last_id`, or from now on when that is empty.

        Raises LaterError when there are as many clients as may be, or when the process is about to end.
        """
        if self.is_closing or len(self.clients) >= self.most_clients:
            message = "This process serves as many streams as it may: come back shortly."
            raise LaterError(message, wait_s=COME_BACK_S)
        client = StreamClient(asyncio.current_task())
        client.hold()
        self.clients.add(client)
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._run(), name="stream hub")
        try:
            await self._welcome(client, last_id)
        except BaseException:
            self.leave(client)
            raise
        return client

    def leave(self, client: StreamListener) -> None:
        """Forget a client that has gone."""
        client.end()
        self.clients.discard(cast("StreamClient", client))

    def begin_close(self) -> None:
        """End every client's answer, and take no new one: they come back to whoever serves next."""
        self.is_closing = True
        for client in self.clients:
            client.end()

    async def close(self) -> None:
        """Stop reading."""
        self.begin_close()
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await self.running
        self.reading.close()
        self.asking.close()

    async def _welcome(self, client: StreamClient, last_id: str) -> None:
        """Say where the client stands, or bring it up to date."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SYNC_S):
                await self.synced.wait()
        if not self.synced.is_set():
            # The reset that follows the stream's return brings it up to date.
            client.release([], self.epoch)
            client.say(frame_of(StreamHealth(dependency="queue", state="down")))
        elif not last_id:
            client.reset(self.place, f"id: {event_id(self.epoch, self.place)}\n\n".encode())
        else:
            missed = await self._missed(last_id)
            if client.held is None:
                return  # it was reset meanwhile, like everybody
            if missed is None:
                self._reset(client, "unknown_id")
            else:
                client.at, before = missed
                client.release(before, self.epoch)

    async def _missed(self, last_id: str) -> tuple[Place, list[tuple[Place, bytes]]] | None:
        """Return the events since an id; None when it cannot be proven that all of them are kept."""
        found = read_id(last_id)
        if found is None or found[0] != self.epoch:
            return None
        at = found[1]
        try:
            async with self.asking_alone:
                epoch, first, last, entries = await self.asking.call(
                    ["GET", EPOCH],
                    ["XRANGE", STREAM, "-", "+", "COUNT", 1],
                    ["XREVRANGE", STREAM, "+", "-", "COUNT", 1],
                    ["XRANGE", STREAM, f"({at.text()}", "+", "COUNT", MOST_RESUMED + 1],
                )
        except DependencyDownError:
            return None
        newest = place_of(last[0][0]) if last else START
        is_known = epoch == self.epoch.encode() and at <= newest and (not first or at >= place_of(first[0][0]))
        # From the very beginning of this life of the stream, nothing was trimmed yet.
        is_known = is_known or (epoch == self.epoch.encode() and at == START and not first)
        if not is_known or len(entries) > MOST_RESUMED:
            return None
        return at, [self._frame(entry) for entry in entries]

    async def _run(self) -> None:
        """Read, attend and beat."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._read())
            parts.create_task(self._attend())
            while True:
                await asyncio.sleep(self.beat_s)
                self._beat()

    async def _attend(self) -> None:
        await self.attend(lambda: bool(self.clients))

    def measure(self) -> None:
        """Set the gauge of this process."""
        metrics.STREAM_CLIENTS.set(len(self.clients))

    def _beat(self) -> None:
        for client in list(self.clients):
            if not client.beat():
                # It takes nothing at all: its answer would hang for as long as its connection does.
                client.end()
                if client.task is not None:
                    client.task.cancel()

    async def _read(self) -> None:
        while True:
            try:
                await self._sync("gap")
                while True:
                    await self._follow()
            except DependencyDownError as e:
                if not self.is_away:
                    log.warning("the stream does not answer", error=str(e))
                    self._say_all(frame_of(StreamHealth(dependency="queue", state="down")))
                self.is_away = True
                self.synced.clear()
            await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.5))  # noqa: S311  jitter

    async def _sync(self, reason: Literal["gap", "wiped"]) -> None:
        """Stand at the stream's end. Whoever was there before may have missed something."""
        _, epoch, last = await self.reading.call(
            set_epoch(), ["GET", EPOCH], ["XREVRANGE", STREAM, "+", "-", "COUNT", 1]
        )
        before, self.epoch = self.epoch, epoch.decode()
        self.place = place_of(last[0][0]) if last else START
        self.synced.set()
        was_away, self.is_away = self.is_away, False
        if before or was_away:
            for client in self.clients:
                self._reset(client, "wiped" if before and before != self.epoch else reason)
        if was_away:
            log.info("the stream answers again")
            self._say_all(frame_of(StreamHealth(dependency="queue", state="up")))

    async def _follow(self) -> None:
        """Wait for events, and pass them on."""
        found, epoch, first = await self.reading.call(
            ["XREAD", "COUNT", MOST_AT_ONCE, "BLOCK", int(BLOCK_S * 1_000), "STREAMS", STREAM, self.place.text()],
            ["GET", EPOCH],
            ["XRANGE", STREAM, "-", "+", "COUNT", 1],
            wait_s=BLOCK_S,
        )
        entries: list[Entry] = found[0][1] if found else []
        if epoch != self.epoch.encode():
            await self._sync("wiped")
            return
        if len(entries) == MOST_AT_ONCE and first and place_of(first[0][0]) > self.place:
            await self._sync("gap")
            return
        for entry in entries:
            place, framed = self._frame(entry)
            self.place = place
            for client in self.clients:
                if not client.is_over and not client.push(place, framed, self.epoch):
                    metrics.STREAM_DROPPED.inc()

    def _frame(self, entry: Entry) -> tuple[Place, bytes]:
        entry_id, (name, data) = entry
        place = place_of(entry_id)
        return place, frame(name.decode(), data, event_id(self.epoch, place))

    def _reset(self, client: StreamClient, reason: Literal["unknown_id", "wiped", "gap"]) -> None:
        client.reset(self.place, frame_of(StreamReset(reason=reason), event_id(self.epoch, self.place)))

    def _say_all(self, framed: bytes) -> None:
        for client in self.clients:
            client.say(framed)
