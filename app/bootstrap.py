"""The fuse box: settings in, live parts out. The only place where neighbours meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from app import clock
from app.db.engine import Database
from app.db.health import KeeperCheck, PostgresCheck, SchemaCheck
from app.db.pipelines import PipelineStore
from app.db.quota_ledger import PostgresLedger
from app.db.spine import Spine
from app.probes import ValkeyCheck
from app.services.check_health import HealthCheck

if TYPE_CHECKING:
    from types import TracebackType

    from app.ports.clock import Clock
    from app.ports.health import Check
    from app.ports.pipelines import Pipelines
    from app.ports.quotas import Ledger
    from app.settings import Settings


class House:
    """The live parts of one process. Use it as an async context manager.

    `name` says which process this is (``api``, ``worker``, ...); PostgreSQL shows it.
    """

    def __init__(self, settings: Settings, *, name: str) -> None:
        """Build the parts without touching the network."""
        self.settings = settings
        self.name = name
        self.clock: Clock = clock.from_settings(settings.clock)
        self.database = Database(settings.database, name=name)
        self.ledger: Ledger = PostgresLedger(self.database, self.clock)
        self.pipelines: Pipelines = PipelineStore(self.database)
        self.spine = Spine(self.database, settings.worker)

        self.checks: list[Check] = [
            PostgresCheck(self.database),
            SchemaCheck(self.database),
            ValkeyCheck("queue", settings.redis.url),
            ValkeyCheck("cache", settings.redis.cache_url),
            KeeperCheck(self.pipelines, settings.worker.keeper_s),
        ]
        self.health = HealthCheck(self.checks, self.clock)

    async def __aenter__(self) -> Self:
        """Open the pools."""
        await self.database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pools."""
        await self.database.close()
