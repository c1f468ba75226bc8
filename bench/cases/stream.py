"""The live stream: 1,000 idle clients on one API process, and how long after a commit they hear of it."""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psycopg

from bench import machine
from bench.cases.memory import GOAL_MB
from bench.findings import Finding, at_most, finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lab import Lab
    from bench.web import Server

CLIENTS: Final = 1_000
COMMITS: Final = 40
BETWEEN_S: Final = 0.1
FILES: Final = 4_096
ASK: Final = b"GET /api/stream HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"
MOVE: Final = """
WITH moved AS (
  INSERT INTO watermarks AS w (dataset, version, changed_at) VALUES ('bars_daily', 1, now())
  ON CONFLICT (dataset) DO UPDATE SET version = w.version + 1 RETURNING dataset, version)
SELECT version, pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text) FROM moved
"""


def run(lab: Lab) -> list[Finding]:
    """Open one stream, then a thousand, and commit changes beside them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    url = lab.database("stream")
    api = lab.keep(lab.groat_api("groat", url, cache_mb=64))
    idle_mb = _rss_mb(api)
    lab.say("one client")
    alone, _ = asyncio.run(_listen(api, url, 1))
    lab.say(f"{CLIENTS:,} clients")
    together, full_mb = asyncio.run(_listen(api, url, CLIENTS))
    return [
        finding(f"API with {CLIENTS:,} clients: RSS of its biggest process", [full_mb], "MB", at_most(GOAL_MB)),
        finding("  API before them", [idle_mb], "MB"),
        finding("  memory a client", [(full_mb - idle_mb) * 1_000 / CLIENTS], "kB"),
        *_latencies("one client", alone),
        *_latencies(f"{CLIENTS:,} clients, each of them", together),
    ]


async def _listen(api: Server, url: str, clients: int) -> tuple[list[float], float]:
    """Return the milliseconds from before each commit to its event, of every client, and the API's memory idle."""
    parts = urlsplit(api.origin)
    heard: list[tuple[int, float]] = []
    ready = asyncio.Semaphore(0)
    opened = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(clients)]
    for _, writer in opened:
        writer.write(ASK)
    readers = [asyncio.create_task(_read(reader, heard, ready)) for reader, _ in opened]
    for _ in range(clients):
        await ready.acquire()
    await asyncio.sleep(3)
    memory = _rss_mb(api)
    begun: dict[int, float] = {}
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(COMMITS):
            at = time.perf_counter()
            row = await (await connection.execute(MOVE)).fetchone()
            begun[int(row[0]) if row else 0] = at
            await asyncio.sleep(BETWEEN_S)
    await asyncio.sleep(2)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    for _, writer in opened:
        writer.close()
    # Two commits that one look found are one event: the later one's.
    return [(at - begun[version]) * 1_000 for version, at in heard if version in begun], memory


async def _read(reader: asyncio.StreamReader, heard: list[tuple[int, float]], ready: asyncio.Semaphore) -> None:
    is_ready = False
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while line := await reader.readuntil(b"\n"):
            if not is_ready and line.startswith(b"id: "):
                is_ready = True
                ready.release()
            if line.startswith(b'data: {"dataset":"bars_daily","version":'):
                heard.append((int(line.split(b":")[3].partition(b",")[0]), time.perf_counter()))


def _rss_mb(api: Server) -> float:
    return max(machine.rss_mb(pid) for pid in machine.tree(api.pid))


def _latencies(who: str, found_ms: Sequence[float]) -> list[Finding]:
    ordered = sorted(found_ms)
    return [
        finding(f"commit to event, {who}: p{share}", [ordered[int(len(ordered) * share / 100)]], "ms")
        for share in (50, 99)
    ] + [finding("  events heard", [float(len(ordered))], "")]
