from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.api.routes.health import Health
from app.db.health import SCHEMA
from app.domain.errors import DependencyDownError
from app.ports.health import Finding
from app.services.check_health import HealthCheck
from app.services.check_health import look as ask
from migrations.runner import modules
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from tests.api.conftest import client_of, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from ops.local.prefix import Binaries

pytestmark = pytest.mark.anyio


class Frozen:
    """A clock for reports."""

    speed = 1.0

    def now(self) -> None:
        return None


class Told:
    """A check that does as it is told."""

    def __init__(self, name: str, does: Any, *, essential: bool = False) -> None:
        self.name, self.essential, self.does, self.asked = name, essential, does, 0

    async def look(self) -> Finding:
        self.asked += 1
        if isinstance(self.does, BaseException):
            raise self.does
        if isinstance(self.does, float):
            await asyncio.sleep(self.does)
        return msgspec.convert({"state": self.does if isinstance(self.does, str) else "up"}, Finding)


async def status(*checks: Told) -> str:
    return (await HealthCheck(checks, Frozen()).report()).status  # type: ignore[arg-type]  # the clock is half one


async def test_the_conclusion_follows_from_the_findings() -> None:
    assert await status(Told("a", "up", essential=True), Told("b", "off")) == "ok"
    assert await status(Told("a", "up", essential=True), Told("b", "stale")) == "degraded"
    assert await status(Told("a", "busy", essential=True)) == "degraded"
    assert await status(Told("a", DependencyDownError(), essential=True), Told("b", "up")) == "down"
    assert await status(Told("a", "up", essential=True), Told("b", OSError())) == "degraded"


async def test_a_check_is_bounded_and_says_nothing_that_it_should_not() -> None:
    slow = await ask(Told("slow", 60.0))
    broken = await ask(Told("broken", ValueError("postgresql://u:pw@host")))
    assert (slow.state, broken.state, broken.detail) == ("down", "down", "ValueError")
    assert "within 1 s" in slow.detail


async def test_many_askers_cost_one_look() -> None:
    check = Told("a", "up")
    health = HealthCheck([check], Frozen())  # type: ignore[arg-type]  # the clock is half one
    await asyncio.gather(*(health.report() for _ in range(20)))
    assert check.asked == 1


async def state_of(client: httpx.AsyncClient, name: str) -> object:
    return (await client.get("/api/health")).json()["checks"][name]["state"]


def test_the_program_asks_for_its_newest_migration() -> None:
    assert str(modules()[-1].ID) == SCHEMA


async def test_without_a_database_it_is_alive_but_not_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/health/live")).status_code == 200
    ready = await client.get("/api/health/ready")
    assert (ready.status_code, ready.json()["code"]) == (503, "dependency_down")
    assert ready.headers["retry-after"]
    health = await client.get("/api/health")
    assert (health.status_code, health.json()["status"]) == (503, "down")
    assert health.json()["checks"]["postgres"]["state"] == "down"


@pytest.mark.stack
async def test_every_dependency_is_seen(database_url: str, queue_url: str, cache_url: str) -> None:
    settings = settings_for(database_url, REDIS_URL=queue_url, GROAT_CACHE_URL=cache_url)
    async with client_of(settings) as client:
        answer = await client.get("/api/health")
        found = answer.json()
        assert answer.status_code == 200
        assert found["status"] == "degraded", "nobody keeps the schedule in this test"
        states = {name: check["state"] for name, check in found["checks"].items()}
        wanted = {"postgres": "up", "schema": "up", "queue": "up", "cache": "up", "keeper": "down"}
        assert wanted.items() <= states.items()
        assert (await client.get("/api/health/ready")).status_code == 200


@pytest.mark.stack
async def test_a_wrong_password_is_told_apart_and_not_repeated(database_url: str, queue_url: str) -> None:
    wrong = queue_url.replace("redis://:", "redis://:wrong-").replace("redis://default:", "redis://default:wrong-")
    async with client_of(settings_for(database_url, REDIS_URL=wrong)) as client:
        answer = await client.get("/api/health")
        assert answer.json()["checks"]["queue"]["state"] == "down"
        assert "password" in answer.json()["checks"]["queue"]["detail"]
        assert "wrong-" not in answer.text


@pytest.mark.stack
async def test_an_empty_database_is_not_ready(fresh_database: str) -> None:
    async with client_of(settings_for(fresh_database)) as client:
        found = (await client.get("/api/health")).json()
        assert (found["status"], found["checks"]["schema"]["state"]) == ("down", "down")
        assert "groat migrate" in found["checks"]["schema"]["detail"]


@pytest.mark.stack
async def test_a_database_that_dies_and_returns_is_seen(binaries: Binaries, tmp_path: Path) -> None:
    port, password = free_port(), secrets.token_urlsafe(24)
    with LocalPostgres(binaries, tmp_path / "data", port, password) as server:
        async with client_of(settings_for(server.url("postgres"))) as client:
            assert await state_of(client, "postgres") == "up"
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(1)
            assert await state_of(client, "postgres") == "down"
            await asyncio.to_thread(server.start)
            for _ in range(150):
                if await state_of(client, "postgres") == "up":
                    return
                await asyncio.sleep(0.2)
            pytest.fail("the database was not seen to return within 30 s")


async def test_strangers_are_told_no_details_in_prod(bearer: dict[str, str]) -> None:
    async with client_of(settings_for(GROAT_ENVIRONMENT="prod")) as client:
        assert (await client.get("/api/health")).json()["checks"] == {}
        assert "postgres" in (await client.get("/api/health", headers=bearer)).json()["checks"]


def test_the_answer_is_what_is_documented() -> None:
    assert set(Health.__struct_fields__) == {"status", "version", "market_time", "market_speed", "checks"}
