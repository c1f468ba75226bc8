"""The API in real Granian processes: metrics across them, deaths, ends, and what the log holds."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from ops.local.ports import free_port
from ops.local.valkey import LocalValkey
from tests.api.conftest import KEY
from tests.api.granian import GROAT, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
COUNT = re.compile(r'^http_requests_total\{endpoint="/api/system",method="GET",status="200"\} (\S+)$', re.MULTILINE)


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [child for child in map(int, children) if "resource_tracker" not in cmdline(child)]


def cmdline(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


async def test_any_process_answers_for_all_of_them(database_url: str, tmp_path: Path) -> None:
    asked = 120
    with serving(tmp_path, database_url, GROAT_API__WORKERS="2") as api:
        await settled(api.process.pid, 2)
        # A connection stays with one process: many short ones reach both.
        for _ in range(asked // 10):
            async with httpx.AsyncClient(base_url=api.url) as client:
                await asyncio.gather(*(client.get("/api/system") for _ in range(10)))
        scrapes = []
        for _ in range(8):
            async with httpx.AsyncClient(base_url=api.url) as client:
                scrapes.append((await client.get("/metrics")).text)
    counts = {COUNT.findall(text)[0] for text in scrapes}
    assert counts == {f"{asked:.1f}"}
    assert all('groat_up{dependency="postgres"} 1.0' in text for text in scrapes)


async def test_a_killed_process_is_replaced_and_its_counts_are_kept(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, database_url) as api:
        async with httpx.AsyncClient(base_url=api.url) as client:
            assert (await client.get("/api/system")).status_code == 200
        [victim] = await settled(api.process.pid, 1)
        os.kill(victim, signal.SIGKILL)
        await answers_again(api.url)
        assert api.process.poll() is None
        [heir] = await settled(api.process.pid, 1)
        assert heir != victim
        async with httpx.AsyncClient(base_url=api.url) as client:
            await client.get("/api/system")
            text = (await client.get("/metrics")).text
    assert float(COUNT.findall(text)[0]) == 2
    assert 'groat_db_pool_connections{state="idle"}' in text


async def test_a_stop_lets_requests_end_and_leaves_no_folder(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, TMPDIR=str(tmp_path)) as api:
        assert folders(tmp_path)
        async with httpx.AsyncClient(base_url=api.url) as client:
            asking = asyncio.create_task(client.get("/api/health"))
            await asyncio.sleep(0.01)
            api.process.terminate()
            assert (await asking).status_code == 200
        assert await asyncio.to_thread(api.process.wait, 20) == 0
    assert not folders(tmp_path)


async def test_a_queue_that_dies_degrades_and_nothing_else(
    database_url: str, binaries: Binaries, tmp_path: Path
) -> None:
    queue = LocalValkey(binaries, tmp_path / "data", free_port(), secrets.token_urlsafe(24), "queue")
    with queue, serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with httpx.AsyncClient(base_url=api.url) as client:
            assert (await client.get("/api/health")).json()["checks"]["queue"]["state"] == "up"
            await asyncio.to_thread(queue.kill)
            await asyncio.sleep(1)
            found = await client.get("/api/health")
            assert (found.status_code, found.json()["status"]) == (200, "degraded")
            assert found.json()["checks"]["queue"]["state"] == "down"
            assert (await client.get("/api/health/ready")).status_code == 200


async def test_the_log_holds_no_secret(database_url: str, tmp_path: Path, bearer: dict[str, str]) -> None:
    password = urlsplit(database_url).password
    assert password
    token = bearer["Authorization"].removeprefix("Bearer ")
    with serving(tmp_path, database_url, GROAT_LOG_LEVEL="debug", POLYGON_API_KEY="polygon-key-123") as api:
        async with httpx.AsyncClient(base_url=api.url, headers=bearer) as client:
            await client.get("/api/system", params={"access_token": token})
            await client.post("/api/pipelines/none/runs", json={"window": "w"})
            await client.get("/api/providers")
    log = api.log.read_text()
    assert '"event": "request"' in log
    for secret in (KEY, password, token, "polygon-key-123", token.rpartition(".")[2]):
        assert secret not in log


def folders(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("groat-metrics-api-*"))


async def settled(pid: int, count: int) -> list[int]:
    """Wait for the number of processes, and return them."""
    for _ in range(200):
        found = workers_of(pid)
        if len(found) == count:
            return found
        await asyncio.sleep(0.1)
    return pytest.fail(f"{len(workers_of(pid))} processes, not {count}")


async def answers_again(url: str) -> None:
    """Wait until the API answers."""
    for _ in range(200):
        try:
            async with httpx.AsyncClient(base_url=url, timeout=2) as client:
                await client.get("/api/health/live")
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
        else:
            return
    pytest.fail("it did not come back")


async def test_the_api_tells_of_the_services_beside_it(database_url: str, queue_url: str, tmp_path: Path) -> None:
    beside = {"GROAT_METRICS_DIR": str(tmp_path / "metrics"), "REDIS_URL": queue_url}
    with serving(tmp_path, database_url, **beside) as api, scheduling(database_url, beside) as scheduler:
        async with httpx.AsyncClient(base_url=api.url) as client:
            for _ in range(100):
                text = (await client.get("/metrics")).text
                if 'groat_process_resident_bytes{service="scheduler"}' in text:
                    break
                assert scheduler.poll() is None
                await asyncio.sleep(0.3)
    assert 'groat_process_resident_bytes{service="api"}' in text
    assert 'groat_process_resident_bytes{service="scheduler"}' in text


@contextmanager
def scheduling(database_url: str, more: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `groat schedule` beside the API."""
    env = environment(database_url, **more)
    with subprocess.Popen(
        [*GROAT, "schedule"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
