"""A connection to Valkey or Redis that is kept open, spoken by hand.

Only what the stream needs: commands in batches, replies in order, one user at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.domain.errors import DependencyDownError
from app.valkey_protocol import connect, encoded, login

if TYPE_CHECKING:
    from app.valkey_protocol import Words

ANSWER_S: Final = 2.0
# One reply to XREAD or XRANGE is a few hundred kB at most.
LINE_BYTES: Final = 1 << 20
DOWN: Final = "The stream (Valkey or Redis) does not answer: is it running, and is REDIS_URL right?"
REFUSED: Final = "The stream (Valkey or Redis) refuses: is the password in REDIS_URL right, and is it 6.2 or newer?"


class Wire:
    """One connection, opened when it is needed and again when it was lost."""

    def __init__(self, url: str) -> None:
        """Keep the address: ``redis://``, ``rediss://`` or ``unix://``; an empty one never answers."""
        self.url = url
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def call(self, *commands: Words, wait_s: float = 0.0) -> list[Any]:
        """Send commands at once and return their replies; `wait_s` is how long they may block beyond an answer's time.

        Raises DependencyDownError when the server is away, too slow, or refuses one of them.
        """
        try:
            async with asyncio.timeout(ANSWER_S + wait_s):
                reader, writer = await self._opened()
                writer.write(b"".join(encoded(words) for words in commands))
                await writer.drain()
                return [await reply(reader) for _ in commands]
        except (OSError, TimeoutError, EOFError, ValueError) as e:
            self.close()
            raise DependencyDownError(DOWN) from e
        except BaseException:
            # The replies to come would be taken for those of the next call.
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.reader is not None and self.writer is not None:
            return self.reader, self.writer
        if not self.url:
            raise DependencyDownError(DOWN)
        reader, writer = await connect(self.url, LINE_BYTES)
        self.reader, self.writer = reader, writer
        for words in hello(self.url):
            writer.write(encoded(words))
            await reply(reader)
        return reader, writer


def hello(url: str) -> list[Words]:
    """Return what must be said first: who we are, and which database the address names."""
    parts = urlsplit(url)
    found = login(url)
    if parts.scheme != "unix" and parts.path.strip("/").isdecimal() and parts.path.strip("/") != "0":
        found.append(["SELECT", parts.path.strip("/")])
    return found


async def reply(reader: asyncio.StreamReader) -> Any:  # noqa: ANN401  the server answers many things
    """Read one reply; raise DependencyDownError for a refusal, whose own words could repeat what was sent."""
    line = await reader.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise DependencyDownError(REFUSED)
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if rest == b"-1":
            return None
        return (await reader.readexactly(int(rest) + 2))[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [await reply(reader) for _ in range(int(rest))]
    return rest
