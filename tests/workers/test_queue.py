"""The queue loses hints without harm, and neither dies nor spins when Valkey goes away."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from app.domain.errors import DependencyDownError
from app.ports.steps import Hint
from app.queue import MOST_UNREAD, PREFIX, HintBroker, JsonSerializer
from ops.local.ports import free_port
from ops.local.valkey import LocalValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


def hint(number: int, queue: str = "fast") -> Hint:
    return Hint(run_id=number, step="a", pipeline="demo", queue=queue)  # type: ignore[arg-type]  # a known queue


@pytest.fixture
async def broker(queue_url: str) -> AsyncIterator[HintBroker]:
    with Redis.from_url(queue_url) as queue:
        queue.flushdb()
    broker = HintBroker(queue_url)
    yield broker
    await broker.shutdown()


async def take(broker: HintBroker, count: int) -> list[int]:
    found: list[int] = []
    stream = broker.listen()
    async for body in stream:
        found.append(broker.formatter.loads(body).args[0]["run_id"])
        if len(found) == count:
            break
    await stream.aclose()
    return found


async def test_hints_come_in_order_and_are_counted(broker: HintBroker) -> None:
    assert await broker.hint([hint(n) for n in range(25)])
    assert await broker.hint([hint(99, "long")])
    assert await broker.unread() == {"fast": 25, "long": 1}
    found = await asyncio.wait_for(take(broker, 26), 10)
    assert [n for n in found if n != 99] == list(range(25))
    assert await broker.unread() == {"fast": 0, "long": 0}


async def test_a_busy_queue_does_not_starve_the_other(broker: HintBroker) -> None:
    await broker.hint([hint(n) for n in range(100)])
    await broker.hint([hint(500, "long")])
    assert 500 in await asyncio.wait_for(take(broker, 21), 10)


async def test_a_worker_takes_no_more_than_it_has_places_for(queue_url: str, broker: HintBroker) -> None:
    narrow = HintBroker(queue_url, places=lambda: {"fast": 3, "long": 0})
    await broker.hint([hint(n) for n in range(9)] + [hint(100 + n, "long") for n in range(9)])
    assert len(await narrow._pop()) == 3
    assert len(await narrow._pop()) == 3
    assert await narrow.unread() == {"fast": 3, "long": 9}
    narrow.places = dict
    assert await narrow._pop() == []
    await narrow.shutdown()


async def test_what_nobody_reads_is_bounded(broker: HintBroker) -> None:
    for _ in range(3):
        await broker.hint([hint(n) for n in range(MOST_UNREAD // 2)])
    assert await broker.unread() == {"fast": MOST_UNREAD, "long": 0}


async def test_messages_are_json_and_nothing_else_is_read(broker: HintBroker, queue_url: str) -> None:
    await broker.hint([hint(7)])
    with Redis.from_url(queue_url) as queue:
        [body] = queue.lrange(PREFIX + "fast", 0, -1)
    assert body.startswith(b"{")
    with pytest.raises(ValueError, match="malformed"):
        JsonSerializer().loadb(b"\x80\x04\x95pickle")


@pytest.fixture
def own_valkey(binaries: Binaries, tmp_path: Path) -> Any:
    with LocalValkey(binaries, tmp_path / "queue", free_port(), secrets.token_urlsafe(12), "queue") as server:
        yield server


async def test_listening_goes_on_after_valkey_was_killed(own_valkey: LocalValkey) -> None:
    broker = HintBroker(own_valkey.url())
    await broker.hint([hint(1)])
    taking = asyncio.create_task(take(broker, 2))
    await asyncio.sleep(0.3)
    own_valkey.kill()
    started = time.process_time()
    assert not await broker.hint([hint(2)])
    with pytest.raises(DependencyDownError, match="REDIS_URL"):
        await broker.unread()
    await asyncio.sleep(2)
    assert time.process_time() - started < 0.5, "it spins"
    assert not taking.done()
    own_valkey.start()
    assert await broker.hint([hint(3)])
    assert await asyncio.wait_for(taking, 15) == [1, 3]
    await broker.shutdown()
