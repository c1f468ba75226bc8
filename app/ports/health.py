"""What can be asked whether it is there."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

State = Literal["up", "busy", "stale", "off", "down"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How something stands: `off` means that it is not configured, `stale` that it was last seen too long ago.

    `latency_ms` is how long the answer took; `age_s` is for what leaves signs of life; all are machine time.
    """

    state: State
    latency_ms: float | None = None
    age_s: float | None = None
    detail: str = ""


class Check(Protocol):
    """Something that Groat needs, or is better with."""

    @property
    def name(self) -> str:
        """What it is called in the health report."""

    @property
    def essential(self) -> bool:
        """Whether Groat can serve nothing without it."""

    async def look(self) -> Finding:
        """Ask it. May raise, and may take long: the caller bounds it."""
