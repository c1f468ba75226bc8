"""Encoded answers that are kept, and the word of changes that ends them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class HotAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded answer.

    `versions` are those of the datasets it was made from, read in its own snapshot. `expires_at` is the market
    time at which it ends by itself, because it says "today". `headers` are encoded for ASGI, content-length
    included, and `whole` holds them with those that every answer has; `template` is the route's, for metrics.
    """

    body: bytes
    etag: bytes
    headers: list[tuple[bytes, bytes]]
    whole: list[tuple[bytes, bytes]]
    template: str
    versions: dict[str, int]
    expires_at: datetime | None = None


class ChangeSink(Protocol):
    """Who wants to hear of changes."""

    def proven(self, versions: Mapping[str, int]) -> None:
        """Hear every dataset's version, over a line that is alive."""

    def changed(self, dataset: str, version: int) -> None:
        """Hear that a dataset has a new version."""

    def lost(self) -> None:
        """Hear that the line is broken: changes may have been missed."""
