"""A TCP proxy that can be cut, frozen or slowed: the network between the workers and their servers."""

from __future__ import annotations

import asyncio
import threading
from typing import Literal, Self

Mode = Literal["open", "cut", "frozen", "slow"]
SLOW_S = 0.15


class Proxy:
    """Forwards a port of loopback to another; runs its own event loop in a thread.

    `cut` closes and refuses connections, `frozen` forwards nothing and closes nothing (a partition without a
    word), `slow` holds each piece for a while.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._mode: Mode = "open"
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._changed: asyncio.Event
        self._server: asyncio.Server
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def set(self, mode: Mode) -> None:
        """Change the weather."""
        asyncio.run_coroutine_threadsafe(self._set(mode), self._loop).result(5)

    async def _set(self, mode: Mode) -> None:
        self._mode = mode
        self._changed.set()
        self._changed = asyncio.Event()
        if mode == "cut":
            for writer in list(self._writers):
                writer.transport.abort()

    async def _stop(self) -> None:
        self._server.close()
        await self._set("cut")
        while self._writers:  # noqa: ASYNC110  the last of them says nothing
            await asyncio.sleep(0.01)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self) -> None:
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "cut":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pipe(reader, far_writer), self._pipe(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                while self._mode == "frozen":
                    await self._changed.wait()
                if self._mode == "slow":
                    await asyncio.sleep(SLOW_S)
                writer.write(piece)
                await writer.drain()
        except OSError:
            return
        finally:
            if not writer.is_closing():
                writer.close()
