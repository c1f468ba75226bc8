"""The contenders of the ingest benchmark: each call stores sessions that its table does not have yet."""

from __future__ import annotations

import pickle
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import psycopg

from app.bootstrap import House
from app.db.bars_ingest import COLUMNS
from app.domain import quality
from app.domain.datasets import Dataset
from app.ports.stores import Fetched
from app.providers.polygon import read_grouped
from app.services.fetch_calls import FetchCall
from app.services.fetch_daily_bars import fetch_daily_bars
from app.settings import DatabaseSettings, Settings
from bench import machine
from bench.lab import ROOT
from bench.market import KNOWN_AT, PROVIDER
from bench.web import clean_environment

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Sequence
    from datetime import date

    from app.domain.bars import DailyBars
    from app.domain.pipelines import StepReport
    from app.ports.providers import BarsOfDay, DailyReply, Providers
    from app.ports.steps import Step, UnitOfWork
    from app.providers.client.http import RawReply
    from bench.lab import Lab
    from bench.replies import Session

# Sessions a sample: enough to time, few enough that a round is quick.
BATCH: Final = 4
SLOW_BATCH: Final = 1
LIMIT: Final = "bars_limit"
PEER: Final = "bars_peer"


class Ingest:
    """The contenders of one run."""

    def __init__(self, lab: Lab, runner: asyncio.Runner, url: str, sessions: Sequence[Session]) -> None:
        """Open Groat's stores, and a connection for COPY."""
        self.lab = lab
        self.runner = runner
        self.url = url
        self.sessions = sessions
        self.stored = self.copied = self.upserted = 0
        self.latest: list[tuple[Session, DailyBars]] = []
        self.cpu_s: dict[str, list[float]] = {}
        self.house = House(Settings(database=DatabaseSettings(url=url)), name="bench")
        runner.run(self.house.__aenter__())
        self.straight = runner.run(psycopg.AsyncConnection.connect(url, autocommit=True))

    def close(self) -> None:
        """Close what was opened."""
        self.runner.run(self.straight.close())
        self.runner.run(self.house.__aexit__(None, None, None))

    def store_fresh(self) -> float:
        """Check and store decoded columns of new sessions; return rows/s."""
        self.latest = [(each, each.bars()) for each in self._new()]
        return self._timed("fresh", self._store(self.latest))

    def store_again(self) -> float:
        """Store the sessions of the last `store_fresh` again: nothing changes."""
        return self._timed("unchanged", self._store(self.latest))

    def copy(self) -> float:
        """Pack columns and COPY them straight into a table of the same kind, a transaction a session."""
        taken = self.sessions[self.copied : self.copied + BATCH]
        self.copied += BATCH
        return self._timed("copy", self._copy(taken))

    def executemany(self) -> float:
        """Let SQLAlchemy upsert the rows of a session."""
        taken = self.sessions[self.upserted : self.upserted + SLOW_BATCH]
        self.upserted += SLOW_BATCH
        path = self.lab.folder / "rows.pickle"
        path.write_bytes(pickle.dumps([each.rows() for each in taken]))
        command = [self.lab.peer_python, "-m", "bench.peers.executemany", PEER, str(path)]
        variables = clean_environment(DATABASE_URL=self.url)
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
        return float(done.stdout)

    def whole_step(self) -> float:
        """Run the use case of a pipeline's step on replies of new sessions: decode, check, store, commit."""
        taken = self._new()
        source = Replies({each.day: each.reply() for each in taken})
        return self._timed("step", self._steps(source, [each.day for each in taken]))

    def _new(self) -> Sequence[Session]:
        self.stored += BATCH
        return self.sessions[self.stored - BATCH : self.stored]

    def cpu_share(self, name: str) -> list[float]:
        """Return what COPY's processor time, here and in PostgreSQL, is of a contender's, in percent."""
        return [100 * limit / own for limit, own in zip(self.cpu_s["copy"], self.cpu_s[name], strict=True)]

    def _timed(self, name: str, work: Awaitable[None]) -> float:
        async def timed() -> float:
            begun = time.perf_counter()
            await work
            return time.perf_counter() - begun

        used = self._cpu_s()
        elapsed = self.runner.run(timed())
        self.cpu_s.setdefault(name, []).append(self._cpu_s() - used)
        return BATCH * len(self.sessions[0].ids) / elapsed

    def _cpu_s(self) -> float:
        return time.process_time() + machine.cpu_s(self.lab.postgres.pid or 0)

    async def _store(self, taken: Sequence[tuple[Session, DailyBars]]) -> None:
        for session, bars in taken:
            sound, held = quality.check(bars)
            fetched = Fetched(
                provider=PROVIDER,
                dataset=Dataset.BARS_DAILY,
                subject=session.day.isoformat(),
                payload=session.payload,
                known_at=KNOWN_AT,
                step="bench",
                held=held,
                settles=session.span,
            )
            async with self.house.database.transaction() as unit:
                await self.house.bars_ingest.store(unit, sound, fetched)

    async def _copy(self, taken: Sequence[Session]) -> None:
        for session in taken:
            statement = f"COPY {LIMIT} ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
            async with self.straight.transaction(), self.straight.cursor() as cursor, cursor.copy(statement) as out:
                await out.write(session.block())

    async def _steps(self, source: Replies, days: Sequence[date]) -> None:
        desk = msgspec.structs.replace(self.house.desk, providers=cast("Providers", source))
        for day in days:
            call = FetchCall(provider=PROVIDER, dataset=Dataset.BARS_DAILY, subject=day.isoformat(), on=day)
            await fetch_daily_bars(desk, cast("Step", PlainStep(self.house)), call)


class Replies:
    """A provider, and the list of providers, whose replies lie ready: reading them is Groat's own work."""

    name = PROVIDER

    def __init__(self, replies: dict[date, RawReply]) -> None:
        """Keep the replies."""
        self.replies = replies

    def get(self, _name: str) -> Replies:
        """Return the one provider."""
        return self

    async def ask(self, question: BarsOfDay) -> DailyReply:
        """Read a reply as Polygon's are read."""
        return read_grouped(self.replies[question.session], question, frozenset())


class PlainStep:
    """A step whose end is a plain commit; what the fence adds is measured with the steps."""

    key = "1/fetch/bench"

    def __init__(self, house: House) -> None:
        """Write through this house's database."""
        self.house = house

    @asynccontextmanager
    async def done(self, _report: StepReport, _parts: Sequence[Any] = ()) -> AsyncIterator[UnitOfWork]:
        """Open the transaction."""
        async with self.house.database.transaction() as unit:
            yield unit
