"""Ask Valkey or Redis, or a part of this process, whether it is there.

By hand: the client library would cost the API more memory than all the rest of it, for one PING.
"""

from __future__ import annotations

import asyncio
import ssl
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from app.domain.errors import DependencyDownError
from app.ports.health import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULT_PORT = 6379


class ValkeyCheck:
    """Whether a Valkey or Redis answers PING."""

    essential = False

    def __init__(self, name: str, url: str) -> None:
        """Keep its address: ``redis://``, ``rediss://`` or ``unix://``; an empty one means that it is not used."""
        self.name = name
        self.url = url

    async def look(self) -> Finding:
        """Connect, log in, and wait for PONG."""
        if not self.url:
            return Finding(state="off", detail="It is not configured.")
        started = perf_counter()
        try:
            reader, writer = await connect(self.url)
        except OSError as e:
            message = f"The {self.name} does not answer: is it running?"
            raise DependencyDownError(message) from e
        try:
            writer.write(b"".join(command(words) for words in [*login(self.url), ["PING"]]))
            answer = b""
            while b"+PONG" not in answer and (line := await reader.readline()):
                answer = line
                refuse(line)
        finally:
            writer.close()
        if b"+PONG" not in answer:
            message = f"The {self.name} hung up."
            raise DependencyDownError(message)
        return Finding(state="up", latency_ms=round((perf_counter() - started) * 1_000, 2))


class AliveCheck:
    """Whether a part of this process says that it is alive."""

    essential = False

    def __init__(self, name: str, is_alive: Callable[[], bool]) -> None:
        """Keep whom to ask."""
        self.name = name
        self.is_alive = is_alive

    async def look(self) -> Finding:
        """Ask it."""
        if self.is_alive():
            return Finding(state="up")
        return Finding(state="down", detail="It is not alive now; it tries again by itself.")


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the server that an address names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(parts.path)
    secure = ssl.create_default_context() if parts.scheme == "rediss" else None
    return await asyncio.open_connection(parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT, ssl=secure)


def login(url: str) -> list[list[str]]:
    """Return the AUTH command that an address asks for, if any."""
    parts = urlsplit(url)
    if not parts.password:
        return []
    name = [unquote(parts.username)] if parts.username else []
    return [["AUTH", *name, unquote(parts.password)]]


def command(words: Sequence[str]) -> bytes:
    """Encode a command in the server's protocol."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def refuse(line: bytes) -> None:
    """Raise DependencyDownError when the server says no; its words could repeat what was sent."""
    if line.startswith(b"-LOADING"):
        message = "It is still loading its data."
        raise DependencyDownError(message)
    if line.startswith(b"-"):
        message = "It refuses: is the password in its address right?"
        raise DependencyDownError(message)
