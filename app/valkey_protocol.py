"""The few words of Valkey's protocol that this process speaks by hand: the client library costs a process 15 MB."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PORT: Final = 6379
# asyncio's own limit of a line.
LINE_BYTES: Final = 1 << 16
Words = list[bytes | str | int]


async def connect(url: str, line_bytes: int = LINE_BYTES) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to a server named by ``redis://``, ``rediss://`` or ``unix://``; raise OSError."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(parts.path, limit=line_bytes)
    secure = ssl.create_default_context() if parts.scheme == "rediss" else None
    at = (parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT)
    return await asyncio.open_connection(*at, ssl=secure, limit=line_bytes)


def login(url: str) -> list[Words]:
    """Return the AUTH command that an address asks for, if any."""
    parts = urlsplit(url)
    if not parts.password:
        return []
    name = [unquote(parts.username)] if parts.username else []
    return [["AUTH", *name, unquote(parts.password)]]


def encoded(words: Sequence[bytes | str | int]) -> bytes:
    """Encode a command in the server's protocol."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
