"""Numbers that live in the database and are read when somebody asks how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.telemetry.metrics import Readings


class Gauges(Protocol):
    """The database's part of the readings."""

    async def read(self) -> Readings:
        """Return values by the names in `app.telemetry.metrics`; raise DependencyDownError when it is away."""
