"""Hear of every change of a dataset: NOTIFY as it is committed, and a heartbeat that proves the line is alive."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from app.db.engine import KEEPALIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports.answers import ChangeSink
    from app.settings import DatabaseSettings

CHANNEL: Final = "groat_changes"
BEAT_S: Final = 1.0
ANSWER_S: Final = 2.0
RETRY_S: Final = 0.5
OPTIONS: Final = "-c timezone=UTC -c statement_timeout=2000"
log = structlog.get_logger("groat.changes")


class Change(msgspec.Struct, frozen=True):
    """What a notification says: the version that a dataset has now."""

    dataset: str
    version: int


class ChangeSinks:
    """Several sinks as one."""

    def __init__(self, *sinks: ChangeSink) -> None:
        """Keep them."""
        self.sinks = sinks

    def proven(self, versions: Mapping[str, int]) -> None:
        """Pass every dataset's version on."""
        for sink in self.sinks:
            sink.proven(versions)

    def changed(self, dataset: str, version: int) -> None:
        """Pass a dataset's new version on."""
        for sink in self.sinks:
            sink.changed(dataset, version)

    def lost(self) -> None:
        """Pass on that the line is broken."""
        for sink in self.sinks:
            sink.lost()


class ChangeListener:
    """Listens on a connection of its own, for as long as `run` runs."""

    def __init__(self, settings: DatabaseSettings, sink: ChangeSink, *, name: str) -> None:
        """Prepare, but open nothing."""
        self.sink = sink
        self.url = settings.url
        self.name = f"groat-{name}-changes"

    async def run(self) -> None:
        """Listen, and listen again whenever the line breaks, until cancelled."""
        while True:
            try:
                await self.listen()
            except (psycopg.Error, OSError, TimeoutError) as e:
                log.warning("changes_line_lost", reason=type(e).__name__)
            finally:
                self.sink.lost()
            await asyncio.sleep(RETRY_S)

    async def listen(self) -> None:
        """Listen on one connection until it breaks.

        Notifications that arrive during the heartbeat's query are kept by the driver and come first in the
        next round, so none is missed; the heartbeat reads the versions themselves, so none matters.
        """
        where = make_conninfo(self.url, application_name=self.name, connect_timeout=5, options=OPTIONS, **KEEPALIVE)
        async with await psycopg.AsyncConnection.connect(where, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            while True:
                async with asyncio.timeout(ANSWER_S):
                    cursor = await connection.execute("SELECT dataset, version FROM watermarks")
                    rows = await cursor.fetchall()
                self.sink.proven({dataset: version for dataset, version in rows})  # noqa: C416  dict() loses the types
                async for notice in connection.notifies(timeout=BEAT_S):
                    self.hear(notice.payload)

    def hear(self, payload: str) -> None:
        """Pass a change on; what cannot be read stands for anything."""
        try:
            change = msgspec.json.decode(payload, type=Change)
        except msgspec.DecodeError:
            self.sink.lost()
        else:
            self.sink.changed(change.dataset, change.version)
