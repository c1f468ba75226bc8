"""The keeper's turn: who may take it, which pipelines' crons owe windows, what is due to be hinted."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from psycopg.rows import dict_row

from app.db.pipeline_rows import insert_run, read_spec, to_jsonb
from app.db.pipeline_runs import advance
from app.domain.pipelines import LONGEST_WAIT_S
from app.ports.steps import MOST_CRASHES, SOLO_AFTER_CRASHES, Hint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from app.db.engine import Connection, Database
    from app.db.pipeline_steps import Times
    from app.domain.pipelines import PipelineSpec

# Any constant will do, as long as nothing else in this database uses it.
LOCK_KEY = 0x6B656570
# The try comes first: who does not get the lock matches no row and waits for nobody. `kept_at` spares a second
# keeper the work; a time in the future means that the clock was set back.
TURN = """
UPDATE pipeline_keeper SET kept_at = now(), owner = %(owner)s
WHERE pg_try_advisory_xact_lock(%(lock)s) AND (
  kept_at IS NULL OR kept_at > now() OR kept_at <= now() - make_interval(secs => %(pause_s)s))
"""
DECLARE = """
INSERT INTO pipelines (name, spec, next_due) VALUES (%(name)s, %(spec)s::text::jsonb, %(now)s)
ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, declared_at = now(),
  next_due = coalesce(pipelines.next_due, excluded.next_due)
"""
# Times further ahead than anything sets them: the machine's clock was set back.
CLAMP = """
UPDATE pipeline_steps SET free_at = least(free_at, now() + make_interval(secs => %(lease_s)s)),
  hint_at = now() + make_interval(secs => %(lease_s)s)
WHERE state IN ('ready', 'running') AND hint_at > now() + make_interval(secs =>
  CASE state WHEN 'ready' THEN %(longest_s)s ELSE 3 * %(lease_s)s END)
"""
CAP = """
UPDATE pipeline_steps SET state = 'dead', ended_at = now(),
  error = format('%%s workers died with this step, the last was %%s.', crashes + 1, owner)
WHERE state = 'running' AND free_at <= now() AND crashes >= %(most_crashes)s
"""
DUE = """
WITH due AS (
  SELECT s.run_id, s.step, s.part FROM pipeline_steps s
  WHERE s.queue = %(queue)s AND s.state IN ('ready', 'running') AND s.hint_at <= now()
    AND (s.state = 'ready'
      OR %(trusts_leases)s AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease_s)s))
  ORDER BY s.hint_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE pipeline_steps s SET hint_at = now() + make_interval(secs => %(resend_s)s)
FROM due JOIN pipeline_runs r ON r.id = due.run_id
WHERE (s.run_id, s.step, s.part) = (due.run_id, due.step, due.part)
RETURNING s.run_id, s.step, s.part, s.queue, r.pipeline,
  s.crashes + (s.state = 'running')::int >= %(solo_after)s AS solo
"""


# A pipeline that left the code is not ticked any more; its last declarer may restart in between.
FORGOTTEN_S = 900.0


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline whose cron is on, and what was promised last (market time)."""

    spec: PipelineSpec
    next_due: datetime


class Turn:
    """One turn of the keeper, inside its transaction."""

    def __init__(self, unit: Connection, times: Times) -> None:
        """Work on this connection."""
        self.unit = unit
        self.times = times

    async def mend(self) -> None:
        """Correct times that no clock could have set, and bury what has outlived too many workers."""
        await self.unit.execute(CLAMP, {"lease_s": self.times.lease_s, "longest_s": LONGEST_WAIT_S + 60})
        await self.unit.execute(CAP, {"most_crashes": MOST_CRASHES})

    async def crons(self) -> list[Owed]:
        """Return every pipeline whose cron is on and that somebody alive declares, locked.

        Declarations that only a newer version can read are left to it.
        """
        rows = await self.unit.execute(
            "SELECT spec, next_due FROM pipelines WHERE NOT paused AND declared_at > now() - make_interval(secs => %s) "
            "ORDER BY name FOR UPDATE SKIP LOCKED",
            (FORGOTTEN_S,),
        )
        return [
            Owed(spec=spec, next_due=due)  # type: ignore[arg-type]  # timestamptz comes as datetime
            for raw, due in await rows.fetchall()
            if (spec := read_spec(raw)) is not None
        ]

    async def start(self, spec: PipelineSpec, windows: Sequence[datetime], next_due: datetime) -> int:
        """Start the runs of these windows, promise the next; return how many are new."""
        new = [await insert_run(self.unit, spec, window.isoformat(), {}) for window in windows]
        await self.unit.execute("UPDATE pipelines SET next_due = %s WHERE name = %s", (next_due, spec.name))
        return sum(number is not None for number in new)

    async def advance(self) -> None:
        """Repeat what a worker that died after its commit did not do; DUE hints what becomes ready."""
        await advance(self.unit, None, 0.0)

    async def due(self, queue: str, limit: int, *, trusts_leases: bool) -> list[Hint]:
        """Return up to `limit` hints to what may be claimed in a queue, and note when to hint it again.

        Without `trusts_leases`, steps whose lease ran out are left alone.
        """
        values = {
            "trusts_leases": trusts_leases,
            "queue": queue,
            "limit": limit,
            "lease_s": self.times.lease_s,
            "resend_s": self.times.resend_s,
            "solo_after": SOLO_AFTER_CRASHES,
        }
        async with self.unit.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(DUE, values)
            return msgspec.convert(await cursor.fetchall(), list[Hint])


class ScheduleStore:
    """The pipelines' declarations and crons, in PostgreSQL."""

    def __init__(self, database: Database, times: Times) -> None:
        """Read and write through this database."""
        self.database = database
        self.times = times

    async def declare(self, specs: Sequence[PipelineSpec], now: datetime) -> None:
        """Store what this version declares. A new pipeline is due at market time `now`."""
        async with self.database.transaction() as unit:
            for spec in sorted(specs, key=lambda spec: spec.name):
                await unit.execute(DECLARE, {"name": spec.name, "spec": to_jsonb(spec), "now": now})

    async def stand_by(self, specs: Sequence[PipelineSpec]) -> None:
        """Say that this version is alive: a pipeline that no living version declares is not ticked after a while."""
        async with self.database.connection() as unit:
            names = [spec.name for spec in specs]
            await unit.execute("UPDATE pipelines SET declared_at = now() WHERE name = ANY(%s)", (names,))

    @asynccontextmanager
    async def turn(self, owner: str, pause_s: float) -> AsyncIterator[Turn | None]:
        """Open the keeper's transaction; None when another keeper has the turn, or had it within `pause_s`."""
        async with self.database.transaction() as unit:
            values = {"owner": owner, "lock": LOCK_KEY, "pause_s": pause_s}
            # A keeper that is stopped in its turn must not hold up the others for long.
            await unit.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")
            taken = (await unit.execute(TURN, values)).rowcount == 1
            yield Turn(unit, self.times) if taken else None
