"""Do one thing for many callers at once: what is asked for while a batch is under way makes the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

K = TypeVar("K")
V = TypeVar("V")
MOST_AT_ONCE = 100


class Batches(Generic[K, V]):
    """Answer single questions with answers to many: `ask(keys)` maps each key that has an answer to it."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """Ask through this function."""
        self._ask = ask
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._flush: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """Return the answer to one key; None when there is none. Raises what the question to many raised."""
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = asyncio.get_running_loop().create_future()
        else:
            # Two hints to one step in one batch: only the first may work on it.
            return None
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._run())
        return await waiting

    async def _run(self) -> None:
        while self._waiting:
            batch = dict(list(self._waiting.items())[:MOST_AT_ONCE])
            for key in batch:
                del self._waiting[key]
            try:
                answers = await self._ask(list(batch))
            except Exception as e:  # noqa: BLE001  handed to everybody who waits
                for future in batch.values():
                    if not future.done():
                        future.set_exception(e)
                continue
            for key, future in batch.items():
                if not future.done():
                    future.set_result(answers.get(key))
