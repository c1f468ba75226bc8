"""Say whether the process is alive, whether it can serve, and which of the services it needs is away."""

from typing import Literal

import msgspec
from litestar import get

from app.api.deps import PUBLIC


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


@get("/health/live", **PUBLIC, operation_id="getLiveness", tags=["health"])
async def live() -> Alive:
    """Tell that this process answers; it asks nothing of any other service."""
    return Alive()


ROUTES = [live]
