"""An answer that goes on: server-sent events, until the client leaves or the process ends.

Litestar's own streaming answer costs a task group and two more tasks for each client; this one costs one.
"""

import asyncio
from time import perf_counter
from typing import Any, Final

from litestar import Response

from app.api.middleware import Receive, Scope, Send
from app.ports.stream import LiveStream, StreamListener

# After how long a browser comes back.
RETRY: Final = b"retry: 2000\n\n"
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # A proxy that buffers or compresses would hold events back.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)


class EventStream(Response[bytes]):
    """The response of a client that has joined the stream."""

    def __init__(self, stream: LiveStream, client: StreamListener) -> None:
        """Answer with what `client` gets, and let it leave at the end."""
        super().__init__(b"", media_type="text/event-stream")
        self.stream = stream
        self.client = client

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401  Litestar's signature
        """Return what sends the answer."""
        return self.send_events

    async def send_events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until it is over."""
        # An hour of listening is no latency: the request counts as answered when its head is sent.
        scope["groat.answered"] = perf_counter()
        leaving = asyncio.create_task(until_gone(receive, self.client))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            chunk = b"" if "groat.head" in scope else RETRY
            while chunk and not leaving.done():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await self.client.next()
            if not leaving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            self.stream.leave(self.client)


async def until_gone(receive: Receive, client: StreamListener) -> None:
    """Wait until the client hangs up, and let its stream be over."""
    while (await receive())["type"] != "http.disconnect":
        pass
    client.end()
