"""Wait for what another process or task will make true."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], limit_s: float = 10.0) -> None:
    """Ask again until the answer is yes; raise TimeoutError when it never is."""
    async with asyncio.timeout(limit_s):
        while True:
            answer = true()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(0.005)
