"""Lanes survive what happens to connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.db.lanes import Lanes
from app.domain.errors import DependencyDownError
from app.settings import DatabaseSettings

if TYPE_CHECKING:
    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'groat-test-reads'"


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The API runs on uvloop, everything else on asyncio's own loop."""
    return "asyncio", {"use_uvloop": request.param}


async def one(lanes: Lanes) -> bytes | None:
    return (await lanes.rows("test", "SELECT $1::text", ("x",)))[0][0]


async def test_a_killed_connection_is_replaced_unseen(lanes: Lanes, market: Market) -> None:
    assert await one(lanes) == b"x"
    for _ in range(3):
        market.connection.execute(OTHERS)
        assert await one(lanes) == b"x"


async def test_more_readers_than_lanes_take_turns(lanes: Lanes) -> None:
    assert await asyncio.gather(*(one(lanes) for _ in range(40))) == [b"x"] * 40
    assert lanes.open == lanes.size == 2
    assert len(lanes.idle) == 2


async def test_a_cancelled_read_leaves_no_lane_behind(lanes: Lanes) -> None:
    for _ in range(4):
        slow = asyncio.create_task(lanes.rows("test", "SELECT pg_sleep(30)::text", ()))
        await asyncio.sleep(0.1)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
    assert await asyncio.gather(*(one(lanes) for _ in range(5))) == [b"x"] * 5
    assert lanes.open <= lanes.size


async def test_a_cancelled_waiter_passes_its_turn_on(lanes: Lanes) -> None:
    busy = [asyncio.create_task(lanes.rows("test", "SELECT pg_sleep(0.3)::text", ())) for _ in range(2)]
    await asyncio.sleep(0.1)
    waiting = [asyncio.create_task(one(lanes)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.gather(*busy)
    assert await asyncio.gather(*waiting[1:]) == [b"x", b"x"]
    assert not lanes.waiting


async def test_a_read_that_takes_too_long_says_so(database_url: str) -> None:
    lanes = Lanes(DatabaseSettings(url=database_url, statement_timeout_s=0.2), name="test")
    with pytest.raises(DependencyDownError, match="too long"):
        await lanes.rows("test", "SELECT pg_sleep(5)::text", ())
    assert await one(lanes) == b"x"
    await lanes.close()


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/none", "this is no address"])
async def test_a_database_that_is_away_is_named(url: str) -> None:
    lanes = Lanes(DatabaseSettings(url=url), name="test")
    for _ in range(3):
        with pytest.raises(DependencyDownError, match="PostgreSQL does not answer"):
            await one(lanes)
    assert lanes.open == 0


async def test_reads_cannot_write(lanes: Lanes) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        await lanes.rows("test", "DELETE FROM watermarks", ())
    assert await one(lanes) == b"x"
