"""The replay's own HTTP/1.1 server: an ASGI application over sockets, which can also answer in ways no server should.

What a real server refuses to do (to reset, to lie about lengths, to cut a body) is this one's purpose; h11 reads the
requests and writes the proper answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import h11
import msgspec

from app.replay.dialect import Manner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Asgi = Callable[[Any, Any, Any], Awaitable[None]]

MANNER: Final = "replay.manner"
MOST_BODY = 65_536
CHUNK = 65_536
TURNS = 5  # of the loop, until a connection that was just accepted is known here


class Answer(msgspec.Struct):
    """What the application answered: a status, headers, the body; and how it is to go out."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = []
    body: bytes = b""
    manner: Manner | None = None
    pause_s: float = 0.0


class WireServer:
    """Serve an application on one address until it is stopped, in this process and on this loop."""

    def __init__(self, app: Asgi, host: str, port: int) -> None:
        self._app, self._host, self._port = app, host, port
        self._stopped = asyncio.Event()
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def stop(self) -> None:
        """End the serving; connections are closed."""
        self._stopped.set()

    async def serve(self) -> None:
        """Listen and answer until `stop` was called."""
        server = await asyncio.start_server(self._accept, self._host, self._port)
        try:
            await self._stopped.wait()
        finally:
            # A closed server loses the connection that it is just accepting: first it hears no more, then it is closed.
            for listening in server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            for _ in range(TURNS):
                await asyncio.sleep(0)
            server.close()
            left = dict(self._talks)
            for talk, writer in left.items():
                talk.cancel()
                writer.transport.abort()
            closed = (writer.wait_closed() for writer in left.values())
            await asyncio.gather(*left, *closed, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks[talk] = writer
        talk.add_done_callback(self._talks.pop)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(self._app, reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass  # the client left, or does not speak HTTP: there is nobody to tell
        finally:
            writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def converse(app: Asgi, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until either side closes it."""
    wire = h11.Connection(h11.SERVER)
    while (asked := await read_request(wire, reader)) is not None:
        request, body = asked
        answer = await called(app, request, body, writer)
        spilt = b""
        if answer.manner is Manner.LENGTH_TOO_SHORT:
            spilt = shortened(answer)
        elif answer.manner is not None:
            await misbehave(answer, reader, writer)
            return
        response = h11.Response(status_code=answer.status, headers=answer.headers)
        writer.write(wire.send(response) or b"")
        if request.method != b"HEAD":
            writer.write(wire.send(h11.Data(data=answer.body)) or b"")
        writer.write((wire.send(h11.EndOfMessage()) or b"") + spilt)
        await writer.drain()
        if wire.our_state is not h11.DONE:
            return
        wire.start_next_cycle()


async def read_request(wire: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes] | None:
    """Read one request with its body; None when the client has nothing more to ask, or far too much to say."""
    request, body = None, b""
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MOST_BODY:
                return None
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, body
        else:
            return None


async def called(app: Asgi, request: h11.Request, body: bytes, writer: asyncio.StreamWriter) -> Answer:
    """Let the application answer one request."""
    answer = Answer()
    raw_path, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.http_version.decode(),
        "method": request.method.decode(),
        "scheme": "http",
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": list(request.headers),
        "client": writer.get_extra_info("peername")[:2],
        "server": writer.get_extra_info("sockname")[:2],
        "extensions": {},
        "state": {},
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    answer.manner, answer.pause_s = scope["extensions"].get(MANNER, (None, 0.0))
    return answer


async def misbehave(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send an answer wrongly, and end the conversation."""
    length, body = len(answer.body), answer.body
    if answer.manner is Manner.RESET:
        reset(writer)
        return
    if answer.manner is Manner.SILENT:
        await reader.read()
        return
    if answer.manner is Manner.NOT_HTTP:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" + body)
    elif answer.manner is Manner.SLOW_BYTES:
        writer.write(head(answer, b"content-length: %d" % length))
        await drip(body, answer.pause_s, reader, writer)
    elif answer.manner is Manner.TRUNCATED_BODY:
        writer.write(head(answer, b"content-length: %d" % length) + body[: length // 2])
    elif answer.manner is Manner.LENGTH_TOO_LONG:
        writer.write(head(answer, b"content-length: %d" % (length + 64)) + body)
    elif answer.manner is Manner.BROKEN_CHUNKS:
        writer.write(head(answer, b"transfer-encoding: chunked") + b"%x\r\n%s\r\nzz\r\n" % (length, body))
    else:
        writer.write(head(answer, b"content-length: %d\r\nx-filler: %s" % (length, b"x" * 512 * 1024)) + body)
    await writer.drain()


def shortened(answer: Answer) -> bytes:
    """Let an answer claim half its length; return the other half, which will stand where the next answer should."""
    half = len(answer.body) // 2
    answer.headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    answer.headers.append((b"content-length", b"%d" % half))
    answer.body, spilt = answer.body[:half], answer.body[half:]
    return spilt


def head(answer: Answer, framing: bytes) -> bytes:
    """Return the status line and the headers, with a framing of our own."""
    lines = [b"HTTP/1.1 %d Bent" % answer.status, framing]
    lines += [name + b": " + value for name, value in answer.headers if name.lower() != b"content-length"]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def drip(body: bytes, pause_s: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send byte after byte until the client has enough."""
    gone = asyncio.ensure_future(reader.read())
    try:
        for place in range(len(body)):
            writer.write(body[place : place + 1])
            await writer.drain()
            await asyncio.wait({gone}, timeout=pause_s)
            if gone.done():
                return
    finally:
        gone.cancel()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of an end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
