"""The law against looking ahead: what is asked as of a moment must not depend on what became known after it.

Two databases are told the same story, one of it all and one only as far as D. Every read as of D must then be the same
to the last byte. A noun joins by a Law of its own: how its events are told, and where they are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.ports.providers import Payload
from app.ports.stores import Fetched
from app.settings import DatabaseSettings
from tests.api.test_bars import Reads, reads_of
from tests.db.market import Market

if TYPE_CHECKING:
    from app.db.engine import Connection
    from app.domain.datasets import Dataset

BEGIN = date(2020, 1, 6)
SYMBOLS = ("AAA", "BBB")
PROVIDERS = ("alpha_vantage", "finnhub")
LAST_HOUR = 400
KEYS = {"FINNHUB_API_KEY": "finnhub-key", "ALPHA_VANTAGE_API_KEY": "alpha-key", "POLYGON_API_KEY": "polygon-key"}
# Versions tell that something else is known by now, and are meant to.
VERSION = re.compile(rb'"watermark":"[^"]*",?')
EMPTY = """
DO $$ DECLARE names text; BEGIN
  SELECT string_agg(format('%I', tablename), ',') INTO names FROM pg_tables
  WHERE schemaname = 'public' AND tablename NOT IN ('migration', 'sessions');
  EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';
END $$
"""
few = settings(
    max_examples=max(4, settings().max_examples // 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that became known at an hour; what the small numbers mean is its kind's affair."""

    hour: int
    kind: str
    symbol: str = SYMBOLS[0]
    provider: str = PROVIDERS[0]
    day: int = 0
    size: int = 1

    @property
    def known_at(self) -> datetime:
        """When it became known."""
        return at_hour(self.hour)

    @property
    def on(self) -> date:
        """The date that it is about."""
        return BEGIN + timedelta(days=self.day)

    def fetched(self, dataset: Dataset, provider: str | None = None) -> Fetched:
        """Say which reply told it."""
        text = f"{self.kind} {self.hour}"
        return Fetched(
            provider=provider or self.provider,
            dataset=dataset,
            subject=text,
            payload=Payload(sha256=hashlib.sha256(text.encode()).digest(), size=len(text)),
            known_at=self.known_at,
            step=f"1/fetch/{text}",
        )


Tell = Callable[["Connection", Told], Awaitable[object]]


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """How each kind of event is told, and the addresses that must not look ahead; each takes `as_of`."""

    kinds: dict[str, Tell]
    reads: tuple[str, ...]


def at_hour(hour: int) -> datetime:
    """A moment of the story."""
    return datetime(2020, 1, 6, tzinfo=UTC) + timedelta(hours=hour)


def histories(kinds: Sequence[str]) -> st.SearchStrategy[list[Told]]:
    """Stories in the order in which they became known."""
    told = st.builds(
        Told,
        hour=st.integers(1, LAST_HOUR),
        kind=st.sampled_from(kinds),
        symbol=st.sampled_from(SYMBOLS),
        provider=st.sampled_from(PROVIDERS),
        day=st.integers(0, 4),
        size=st.integers(1, 5),
    )
    stories = st.lists(told, min_size=3, max_size=25, unique_by=lambda one: one.hour)
    return stories.map(lambda story: sorted(story, key=lambda one: one.hour))


class World:
    """One database and the API over it."""

    def __init__(self, url: str, reads: Reads, database: Database) -> None:
        self.url, self.reads, self.database = url, reads, database

    def empty(self) -> None:
        """Forget everything but the calendar, and list the instruments."""
        market = Market(self.url)
        market.connection.execute(EMPTY)
        for symbol in SYMBOLS:
            market.instrument(symbol, f"{symbol} Inc.")
        market.close()

    async def tell(self, law: Law, told: Sequence[Told]) -> None:
        """Let events come in, each in a transaction of its own."""
        for one in told:
            async with self.database.transaction() as unit:
                await law.kinds[one.kind](unit, one)

    async def read(self, url: str, as_of: datetime | None) -> bytes:
        """Return an answer's bytes, without the versions that it was made of."""
        when = "" if as_of is None else f"{'&' if '?' in url else '?'}as_of={as_of:%Y-%m-%dT%H:%M:%SZ}"
        answer = await self.reads.get(f"{url}{when}")
        assert answer.status_code == 200, f"{url}{when}: {answer.text}"
        return VERSION.sub(b"", answer.content)


@asynccontextmanager
async def world_of(url: str) -> AsyncIterator[World]:
    """Open a world over a fresh migrated database."""
    database = Database(DatabaseSettings(url=url), name="law")
    await database.open()
    async with reads_of(url, GROAT_API__CACHE_MB="0", **KEYS) as reads:
        yield World(url, reads, database)
    await database.close()


async def never_looks_ahead(whole: World, cut: World, law: Law, history: Sequence[Told]) -> None:
    """Tell one world everything, and the other a bit more each time; hold each read as of then to be the same."""
    whole.empty()
    cut.empty()
    await whole.tell(law, history)
    for number, one in enumerate(history):
        await cut.tell(law, [one])
        following = history[number + 1].hour if number + 1 < len(history) else LAST_HOUR + 1
        for hour in {one.hour, following - 1}:
            for url in law.reads:
                answers = [await world.read(url, at_hour(hour)) for world in (whole, cut)]
                assert answers[0] == answers[1], f"{url} as of hour {hour} shows what came later"
