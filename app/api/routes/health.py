"""Say whether the process is alive, whether it can serve, and which of the services it needs is away.

All three are open to everybody, because supervisors and proxies have no token; in prod the findings are for
the operator only, and others are told the status alone.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from app import __version__
from app.api.deps import PUBLIC, DoorkeeperDependency, HouseDependency
from app.domain.errors import DependencyDownError
from app.ports.health import Finding


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How Groat stands.

    `degraded` means that it serves, but that something it is better with is away; `down` that it cannot
    serve. `market_time` runs `market_speed` times as fast as the machine's time.
    """

    status: Literal["ok", "degraded", "down"]
    version: str
    market_time: datetime
    market_speed: float
    checks: dict[str, Finding]


@get("/health/live", **PUBLIC, operation_id="getLiveness", tags=["health"], summary="Is the process alive?")
async def live() -> Alive:
    """Tell that this process answers. It asks nothing of any other service: restart the process if this fails."""
    return Alive(status="ok")


DOWN = {503: ResponseSpec(Health, description="It cannot serve; `checks` says why.", generate_examples=False)}


@get(
    "/health",
    **PUBLIC,
    operation_id="getHealth",
    tags=["health"],
    summary="How does everything stand?",
    responses=DOWN,
)
async def health(
    house: HouseDependency, doorkeeper: DoorkeeperDependency, request: Request[Any, Any, Any]
) -> Response[Health]:
    """Ask everything that Groat needs, within a second.

    Answers 200 while it can serve (`ok` or `degraded`) and 503 when it cannot (`down`). The answer may be a
    second old. In prod, `checks` is empty without the operator's token.
    """
    report = await house.health.report()
    found = Health(
        status=report.status,
        version=__version__,
        market_time=report.market_time,
        market_speed=report.market_speed,
        checks=report.checks if doorkeeper.authorised(request.scope) else {},
    )
    return Response(found, status_code=503 if report.status == "down" else 200)


@get("/health/ready", **PUBLIC, operation_id="getReadiness", tags=["health"], summary="Can it serve?")
async def ready(house: HouseDependency) -> Alive:
    """Tell whether requests should be sent here: the database answers and has this program's schema."""
    if (await house.health.report()).status == "down":
        message = "The database is away, or its schema is older than this program: /api/health says more."
        raise DependencyDownError(message)
    return Alive(status="ok")


ROUTES = [live, health, ready]
