"""What Prometheus scrapes."""

from typing import Any

from litestar import Response, get

from app import __version__
from app.api.deps import SCRAPE, HouseDependency, producing
from app.telemetry.exposition import CONTENT_TYPE, expose

TEXT = "text/plain"


@get(
    "/metrics",
    **producing(SCRAPE, TEXT, "application/openmetrics-text"),
    operation_id="getMetrics",
    tags=["system"],
    summary="Metrics for Prometheus",
    media_type=TEXT,
)
async def metrics(house: HouseDependency) -> Response[bytes]:
    """Return the metrics of every process of the API, and readings that are two seconds old at most.

    Open to scrapers that connect directly from an address in GROAT_API__METRICS_FROM (this machine, by
    default); everybody else needs the operator's token.
    """
    house.measure()
    readings = await house.readings.take(version=__version__, environment=house.settings.environment)
    return Response(expose(readings), media_type=CONTENT_TYPE)


ROUTES: list[Any] = []
ROOT_ROUTES = [metrics]
