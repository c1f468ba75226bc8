"""A client of the live stream: blocks of server-sent events, parsed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import msgspec
import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATIENCE_S = 20.0


class Event(NamedTuple):
    """One block: `name` is empty for one that only tells the id, or says nothing."""

    id: str
    name: str
    data: dict[str, Any]


class Listener:
    """An open stream. `last_id` is the last id that was heard."""

    def __init__(self, response: httpx.Response) -> None:
        """Read the response's lines."""
        self.response = response
        self.lines = response.aiter_lines()
        self.last_id = ""

    async def block(self) -> Event:
        """Return the next block; raise StopAsyncIteration at the end."""
        fields: dict[str, str] = {}
        while line := await anext(self.lines):
            name, _, value = line.partition(": ")
            fields[name] = value
        self.last_id = fields.get("id", self.last_id)
        return Event(fields.get("id", ""), fields.get("event", ""), msgspec.json.decode(fields.get("data", "{}")))

    async def until(self, wanted: Callable[[Event], bool]) -> list[Event]:
        """Return the events up to the first that is wanted, that one included."""
        found: list[Event] = []
        async with asyncio.timeout(PATIENCE_S):
            while not found or not wanted(found[-1]):
                event = await self.block()
                if event.name:
                    found.append(event)
        return found

    async def rest(self) -> list[Event]:
        """Return what still comes, until the stream ends."""
        found: list[Event] = []
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    event = await self.block()
                except StopAsyncIteration:
                    return found
                if event.name:
                    found.append(event)


@asynccontextmanager
async def listening(url: str, last_id: str = "", **headers: str) -> AsyncIterator[Listener]:
    """Open a stream, and wait until it says where it stands."""
    sent = {"Last-Event-ID": last_id, **headers} if last_id else headers
    async with (
        httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(5, read=PATIENCE_S)) as client,
        client.stream("GET", "/api/stream", headers=sent) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield Listener(response)


def move(database_url: str, dataset: str, times: int = 1) -> None:
    """Move a watermark, as a store does in the transaction of a change."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for _ in range(times):
            connection.execute(
                """
                WITH moved AS (
                  INSERT INTO watermarks AS w (dataset, version, changed_at) VALUES (%s, 1, now())
                  ON CONFLICT (dataset) DO UPDATE SET version = w.version + 1 RETURNING dataset, version)
                SELECT pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text)
                FROM moved
                """,
                [dataset],
            )


def is_version(dataset: str, version: int) -> Callable[[Event], bool]:
    """Tell the event of a dataset's version from others."""
    return lambda event: event.name == "bars" and (event.data["dataset"], event.data["version"]) == (dataset, version)
