from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from tests.api.conftest import client_of, settings_for

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.anyio
PROD = {"GROAT_ENVIRONMENT": "prod"}


async def scraped(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.mark.stack
async def test_requests_are_counted_by_the_template_of_their_route(database_url: str) -> None:
    key = (
        "http_requests_total",
        frozenset({("method", "GET"), ("endpoint", "/api/pipelines/{name}"), ("status", "404")}),
    )
    nowhere = ("http_requests_total", frozenset({("method", "other"), ("endpoint", "unmatched"), ("status", "404")}))
    async with client_of(settings_for(database_url)) as client:
        before = await scraped(client)
        for name in ("a", "b", "c"):
            await client.get(f"/api/pipelines/{name}")
        await client.request("BREW", "/coffee/pot/1")
        after = await scraped(client)
        assert after[key] - before.get(key, 0) == 3
        assert after[nowhere] - before.get(nowhere, 0) == 1
        assert not any("coffee" in value for _, labels in after for _, value in labels)


@pytest.mark.stack
async def test_readings_come_from_the_database(database_url: str) -> None:
    async with client_of(settings_for(database_url, POLYGON_API_KEY="x")) as client:
        found = await scraped(client)
        names = {name for name, _ in found}
        assert found["groat_up", frozenset({("dependency", "postgres")})] == 1
        assert (
            found["groat_quota_limit", frozenset({("provider", "polygon"), ("window_s", "60"), ("class", "any")})] == 5
        )
        assert found["groat_queue_depth", frozenset({("queue", "fast")})] == 0
        assert {"groat_info", "groat_market_time_seconds", "groat_db_pool_connections", "groat_cache_bytes"} <= names
        assert names >= {"groat_process_resident_bytes", "groat_market_speed", "groat_bars_estimate"}


async def test_without_a_database_the_scrape_still_says_so(client: httpx.AsyncClient) -> None:
    found = await scraped(client)
    assert found["groat_up", frozenset({("dependency", "postgres")})] == 0


def test_query_times_are_bound_to_their_type() -> None:
    with metrics.query("read_gauges"):
        pass
    assert metrics._duration_of("read_gauges") is metrics._duration_of("read_gauges")


@pytest.mark.parametrize(
    ("allowed", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.0/8,::1", {}, 200),
        ("10.0.0.0/8", {}, 401),
        ("", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 401),
    ],
)
async def test_in_prod_only_a_direct_scraper_needs_no_token(
    allowed: str, headers: dict[str, str], status: int, bearer: dict[str, str]
) -> None:
    settings = settings_for(**PROD, GROAT_API__METRICS_FROM=allowed or " ")
    async with client_of(settings) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status
        assert (await client.get("/metrics", headers={**headers, **bearer})).status_code == 200
