"""Tell of which versions of the datasets a read of several statements is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from app.domain.errors import LaterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from app.ports.reads import WatermarkReads

T = TypeVar("T")
ATTEMPTS: Final = 5


async def read_consistently(
    watermarks: WatermarkReads, datasets: tuple[str, ...], read: Callable[[], Awaitable[T]]
) -> tuple[T, Mapping[str, int]]:
    """Return what `read` returns, and the versions of the datasets, none of which changed while it read.

    Raises LaterError when they change too fast for that.
    """
    before = await watermarks.versions()
    for _ in range(ATTEMPTS):
        found = await read()
        after = await watermarks.versions()
        if all(before.get(dataset) == after.get(dataset) for dataset in datasets):
            return found, after
        before = after
    message = "The data changed each time they were read: try again shortly."
    raise LaterError(message, wait_s=1.0)
