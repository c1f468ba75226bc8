"""The live stream, in real Granian processes over a real Valkey: nothing lost, nothing twice, and honest resets."""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from ops.local.ports import free_port
from ops.local.valkey import LocalValkey
from tests.api.granian import serving
from tests.api.sse import Event, is_version, listening, move

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
def queue(binaries: Binaries, tmp_path: Path) -> Iterator[LocalValkey]:
    """A Valkey of its own, that may be killed or emptied."""
    with LocalValkey(binaries, tmp_path / "queue", free_port(), secrets.token_urlsafe(24), "queue") as valkey:
        yield valkey


def versions(events: list[Event], dataset: str) -> list[int]:
    return [event.data["version"] for event in events if event.name == "bars" and event.data["dataset"] == dataset]


async def test_changes_are_told_in_order(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url) as stream:
            headers = stream.response.headers
            assert headers["content-type"] == "text/event-stream; charset=utf-8"
            assert headers["cache-control"] == "no-store, no-transform"
            assert headers["x-accel-buffering"] == "no"
            assert "content-encoding" not in headers
            await stream.block()
            assert (await stream.block()).id
            for version in range(1, 6):
                await asyncio.to_thread(move, database_url, "bars_daily")
                events = await stream.until(is_version("bars_daily", version))
            assert events[-1].data == {"dataset": "bars_daily", "version": 5, "session": None}
            ids = [event.id for event in events]
            assert ids == sorted(ids)
        async with httpx.AsyncClient(base_url=api.url) as client:
            text = (await client.get("/metrics")).text
    # A stream is answered when its head is sent: hours of listening do not spoil the latency.
    slowest = 'http_request_duration_seconds_bucket{endpoint="/api/stream",le="10.0",method="GET"} 1.0'
    assert slowest in text


async def test_nobody_loses_or_doubles_an_event_across_restarts(
    database_url: str, queue: LocalValkey, tmp_path: Path
) -> None:
    seen: list[Event] = []
    last_id = ""
    for round_number in range(3):
        with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
            for reconnect in range(3):
                async with listening(api.url, last_id) as stream:
                    await stream.block()
                    if not last_id:
                        last_id = (await stream.block()).id
                    await asyncio.to_thread(move, database_url, "news")
                    seen += await stream.until(is_version("news", round_number * 4 + reconnect + 1))
                    last_id = stream.last_id
            # Nobody listens to this one, and the process ends.
            await asyncio.to_thread(move, database_url, "news")
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url, last_id) as stream:
            seen += await stream.until(is_version("news", 12))
    found = versions(seen, "news")
    # Versions that nobody could be told of are told with the next one: the state is right, and no event comes twice.
    assert found == sorted(set(found))
    assert {1, 2, 3, 5, 6, 7, 9, 10, 11, 12} <= set(found)
    assert len({event.id for event in seen}) == len(seen)
    assert not [event for event in seen if event.name == "reset"]


async def test_events_while_a_client_was_away_are_kept_for_it(
    database_url: str, queue: LocalValkey, tmp_path: Path
) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url) as other, listening(api.url) as stream:
            await asyncio.to_thread(move, database_url, "quotes")
            await stream.until(is_version("quotes", 1))
            await stream.response.aclose()
            for version in range(2, 30):
                await asyncio.to_thread(move, database_url, "quotes")
                told = await other.until(is_version("quotes", version))
            async with listening(api.url, stream.last_id) as again:
                missed = await again.until(lambda event: event.id == told[-1].id)
        assert versions(missed, "quotes") == list(range(2, 30))


@pytest.mark.parametrize("last_id", ["nonsense", "abc-1-1", "0-0", "é"])
async def test_an_unknown_id_is_reset(database_url: str, queue: LocalValkey, tmp_path: Path, last_id: str) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        sent = httpx.Headers([(b"Last-Event-ID", last_id.encode())])
        async with (
            httpx.AsyncClient(base_url=api.url, headers=sent, timeout=20) as client,
            client.stream("GET", "/api/stream") as response,
        ):
            lines = response.aiter_lines()
            found = [await anext(lines) for _ in range(5)]
    assert "event: reset" in found
    assert 'data: {"reason":"unknown_id"}' in found


async def test_a_wiped_stream_is_reset_and_goes_on(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url) as stream:
            await asyncio.to_thread(move, database_url, "bars_daily")
            await stream.until(is_version("bars_daily", 1))
            before = stream.last_id
            await wipe(queue)
            events = await stream.until(lambda event: event.name == "reset")
            assert events[-1].data == {"reason": "wiped"}
            # The board is gone as well: the state is told again, and what changes after it too.
            await asyncio.to_thread(move, database_url, "bars_daily")
            await stream.until(is_version("bars_daily", 2))
        async with listening(api.url, before) as stream:
            events = await stream.until(lambda event: event.name == "reset")
            assert events[-1].data == {"reason": "unknown_id"}


async def test_a_stream_without_its_valkey_says_so_and_recovers(
    database_url: str, queue: LocalValkey, tmp_path: Path
) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url) as stream:
            await asyncio.to_thread(move, database_url, "bars_daily")
            await stream.until(is_version("bars_daily", 1))
            await asyncio.to_thread(queue.kill)
            await stream.until(lambda event: event.data == {"dependency": "queue", "state": "down"})
            async with listening(api.url) as late:
                await late.until(lambda event: event.data == {"dependency": "queue", "state": "down"})
                await asyncio.to_thread(move, database_url, "bars_daily")
                await asyncio.to_thread(queue.start)
                for each in (stream, late):
                    await each.until(lambda event: event.data == {"reason": "gap"})
                    await each.until(lambda event: event.data == {"dependency": "queue", "state": "up"})
                # What changed meanwhile may have been told before they were back: that is what the reset is for.
                await asyncio.to_thread(move, database_url, "bars_daily")
                for each in (stream, late):
                    await each.until(is_version("bars_daily", 3))


async def test_a_client_that_does_not_read_is_dropped(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        parts = urlsplit(api.url)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect((parts.hostname, parts.port))
            deaf.sendall(b"GET /api/stream HTTP/1.1\r\nHost: groat\r\n\r\n")
            async with listening(api.url) as stream, httpx.AsyncClient(base_url=api.url) as client:
                await stream.block()
                await stream.block()
                # This one reads all the time: else both may be dropped.
                reading = asyncio.create_task(
                    stream.until(lambda event: is_version("news", 1)(event) or event.name == "reset")
                )
                for _ in range(200):
                    await flood(queue, 500)
                    await asyncio.sleep(0.05)
                    if "groat_stream_dropped_total 1.0" in (await client.get("/metrics")).text:
                        break
                else:
                    pytest.fail("The deaf client, and it alone, was not dropped.")
                # Whoever reads goes on, having lost nothing or knowing it.
                await asyncio.to_thread(move, database_url, "news")
                await reading


async def test_a_stop_ends_the_streams_and_the_process(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url()) as api:
        async with listening(api.url) as stream:
            await stream.block()
            api.process.terminate()
            await stream.rest()
        # Within the grace, not at its end: 15 s is when the server would be killed.
        assert await asyncio.to_thread(api.process.wait, 8) == 0


async def test_there_is_room_for_so_many_and_no_more(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    more = {"REDIS_URL": queue.url(), "GROAT_API__STREAM_CLIENTS": "2"}
    with serving(tmp_path, database_url, **more) as api:
        async with httpx.AsyncClient(base_url=api.url) as client, listening(api.url) as one, listening(api.url):
            refused = await client.get("/api/stream")
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert int(refused.headers["retry-after"]) > 0
            await one.response.aclose()
            for _ in range(100):
                async with client.stream("GET", "/api/stream") as taken:
                    if taken.status_code == 200:
                        break
                await asyncio.sleep(0.1)
            assert taken.status_code == 200


async def test_production_wants_the_token(
    database_url: str, queue: LocalValkey, tmp_path: Path, bearer: dict[str, str]
) -> None:
    more = {"REDIS_URL": queue.url(), "GROAT_ENVIRONMENT": "prod"}
    with serving(tmp_path, database_url, **more) as api:
        async with httpx.AsyncClient(base_url=api.url) as client:
            refused = await client.get("/api/stream")
            assert refused.status_code == 401
            assert (await client.head("/api/stream", headers=bearer)).status_code == 200
        async with listening(api.url, **bearer) as stream:
            await stream.block()
            assert (await stream.block()).id


async def test_two_processes_tell_once(database_url: str, queue: LocalValkey, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, REDIS_URL=queue.url(), GROAT_API__WORKERS="2") as api:
        streams = [listening(api.url) for _ in range(8)]
        opened = [await stream.__aenter__() for stream in streams]
        for version in range(1, 4):
            await asyncio.to_thread(move, database_url, "earnings")
            found = [await each.until(is_version("earnings", version)) for each in opened]
        assert len({events[-1].id for events in found}) == 1
        for stream in streams:
            await stream.__aexit__(None, None, None)


async def wipe(queue: LocalValkey) -> None:
    """Empty the Valkey."""
    from redis.asyncio import Redis  # noqa: PLC0415  only here

    async with Redis.from_url(queue.url()) as client:
        await client.flushall()


async def flood(queue: LocalValkey, count: int) -> None:
    """Add events that are larger than any of ours, as many processes at once could not."""
    from redis.asyncio import Redis  # noqa: PLC0415  only here

    async with Redis.from_url(queue.url()) as client:
        pipe = client.pipeline(transaction=False)
        for _ in range(count):
            pipe.xadd("groat:stream", {"quality": b'{"held":{},"flags":0,"pad":"%s"}' % (b"x" * 2_000)}, maxlen=10_000)
        await pipe.execute()
