"""Search instruments: in memory when what is in memory is current, in the database meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.domain.errors import DependencyDownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.instrument_search import SearchTable
    from app.ports.reads import SearchReads, WatermarkReads

DATASET = "instruments"


class InstrumentSearch:
    """A process's search. The table in memory follows the dataset's version."""

    def __init__(
        self, store: SearchReads, watermarks: WatermarkReads, proven: Callable[[], Mapping[str, int] | None]
    ) -> None:
        """Search a store; `proven` returns the datasets' versions when they are known without asking."""
        self.store = store
        self.watermarks = watermarks
        self.proven = proven
        self.table: SearchTable | None = None
        self.loading: asyncio.Task[None] | None = None

    async def find(self, text: str, limit: int) -> list[bytes]:
        """Return the encoded forms of up to `limit` instruments that a text means, the best first."""
        versions = self.proven()
        if versions is None:
            versions = await self.watermarks.versions()
        if self.table is not None and self.table.version == versions.get(DATASET, 0):
            return self.table.find(text, limit)
        if self.loading is None or self.loading.done():
            self.loading = asyncio.create_task(self.load())
        return await self.store.find(text, limit)

    async def load(self) -> None:
        """Bring the table in memory up to date; while the database is away the old one stays, unused."""
        try:
            self.table = await self.store.load()
        except DependencyDownError:
            return

    async def close(self) -> None:
        """Stop loading."""
        if self.loading is not None:
            self.loading.cancel()
            await asyncio.gather(self.loading, return_exceptions=True)
