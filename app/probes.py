"""Ask Valkey or Redis, or a part of this process, whether it is there.

By hand: the client library would cost the API more memory than all the rest of it, for one PING.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from app.domain.errors import DependencyDownError
from app.ports.health import Finding
from app.valkey_protocol import connect, encoded, login

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.valkey_protocol import Words


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
            ping: Words = ["PING"]
            writer.write(b"".join(encoded(words) for words in [*login(self.url), ping]))
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


def refuse(line: bytes) -> None:
    """Raise DependencyDownError when the server says no; its words could repeat what was sent."""
    if line.startswith(b"-LOADING"):
        message = "It is still loading its data."
        raise DependencyDownError(message)
    if line.startswith(b"-"):
        message = "It refuses: is the password in its address right?"
        raise DependencyDownError(message)
