"""Open the House for one command, and run what is asynchronous."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from app.domain.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from app.bootstrap import House

T = TypeVar("T")


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """Open the live parts; raise SettingsError when no database is named."""
    import logging  # noqa: PLC0415  heavy

    from app import settings  # noqa: PLC0415  heavy
    from app.bootstrap import House  # noqa: PLC0415  heavy

    found = settings.load()
    if not found.database.url:
        message = "DATABASE_URL is not set: `groat up` brings a database along, or name one of your own."
        raise SettingsError(message)
    # The pool tells of every attempt that fails; one line at the end is enough.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    async with House(found, name="cli") as house:
        yield house


def wait_for(work: Coroutine[object, object, T]) -> T:
    """Run the work in an event loop of its own and return what it returns."""
    import asyncio  # noqa: PLC0415  heavy

    return asyncio.run(work)
