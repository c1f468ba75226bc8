"""The log of provider calls, for people to read."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """One call: when it was reserved (machine time, aware UTC), for what, and what became of it.

    `outcome` is null while the call is under way, and for ever when it was lost in a crash. `error` is
    scrubbed of secrets when it is written.
    """

    id: int
    at: datetime
    purpose: str
    settled: bool
    outcome: str | None
    status: int | None
    reply_bytes: int | None
    duration_ms: float | None
    error: str | None


class CallLog(Protocol):
    """Calls of one allowance, the latest first. Raises DependencyDownError when the store is away."""

    async def calls(self, allowance: str, *, before_id: int | None, limit: int) -> Sequence[CallView]:
        """Return calls; `before_id` continues a page."""
