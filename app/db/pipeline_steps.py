"""Claim steps, and end them: done with their effects, failed, deferred or released, always behind the fence."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from psycopg.rows import dict_row

from app.db.pipeline_rows import keys, to_jsonb, to_text
from app.domain.errors import FencedError
from app.domain.pipelines import LONGEST_WAIT_S, StepState, check_parts
from app.ports.steps import MOST_ATTEMPTS, SOLO_AFTER_CRASHES, Claim, Hint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from app.db.engine import Connection, Database
    from app.domain.pipelines import Part, PipelineSpec, StepReport
    from app.ports.steps import StepKey

# A row locked by its owner's last transaction is skipped, not waited for: it would hold up the whole batch.
# LATERAL and the row's address keep the planner to one key lookup a step: on a table that grows by thousands of rows
# between two analyses, it would rather read everything that is due.
# An expired lease is not taken while PostgreSQL is younger than one: nobody could renew while it was away.
CLAIM = """
WITH free AS (
  SELECT s.at, r.pipeline, r.win, r.args
  FROM unnest(%(runs)s::bigint[], %(steps)s::text[], %(parts)s::text[]) AS asked (run_id, step, part)
  CROSS JOIN LATERAL (
    SELECT s.ctid AS at FROM pipeline_steps s
    WHERE (s.run_id, s.step, s.part) = (asked.run_id, asked.step, asked.part)
      AND s.state IN ('ready', 'running') AND s.free_at <= now()
      AND s.crashes + (s.state = 'running')::int < %(most_crashes)s
      AND (s.state = 'ready' OR pg_postmaster_start_time() < now() - make_interval(secs => %(lease_s)s))
    FOR UPDATE SKIP LOCKED
  ) s
  JOIN pipeline_runs r ON r.id = asked.run_id
)
UPDATE pipeline_steps s
SET state = 'running', fence = s.fence + 1, attempt = s.attempt + 1, crashes = s.crashes + (s.state = 'running')::int,
  free_at = now() + make_interval(secs => %(lease_s)s), hint_at = now() + make_interval(secs => %(lease_s)s),
  owner = %(owner)s, started_at = now(), ended_at = NULL
FROM free WHERE s.ctid = free.at
RETURNING s.run_id, s.step, s.part, s.fence, s.attempt, s.crashes, s.queue, s.deadline_s,
  free.pipeline, free.win AS window, free.args || s.args AS args
"""
HELD = "WHERE run_id = %(run_id)s AND step = %(step)s AND part = %(part)s AND fence = %(fence)s AND state = 'running'"
# Who freezes inside this transaction holds the step's lock: the server ends it, so that others can take over.
DONE = f"""
UPDATE pipeline_steps SET state = 'done', ended_at = now(), report = %(report)s::text::jsonb, error = NULL
FROM set_config('idle_in_transaction_session_timeout', %(idle_ms)s, true)
{HELD}
"""  # noqa: S608  only our own constant
SHORTEST_IDLE_S = 5.0
FAIL = f"""
UPDATE pipeline_steps
SET state = CASE WHEN %(hopeless)s OR attempt - crashes >= %(most_attempts)s THEN 'dead' ELSE 'ready' END,
  (free_at, hint_at) = (SELECT t, t FROM (SELECT now() + make_interval(secs =>
    least(300, %(backoff_s)s * 4 ^ least(greatest(attempt - crashes - 1, 0), 8)) * (0.5 + random())) AS t) w),
  ended_at = CASE WHEN %(hopeless)s OR attempt - crashes >= %(most_attempts)s THEN now() END, error = %(error)s
{HELD} RETURNING state
"""  # noqa: S608  only our own constant
DEFER = f"""
UPDATE pipeline_steps
SET state = 'ready', attempt = attempt - 1, error = coalesce(%(error)s, error),
  free_at = now() + make_interval(secs => %(wait_s)s), hint_at = now() + make_interval(secs => %(wait_s)s)
{HELD}
"""  # noqa: S608  only our own constant
GIVE_BACK = """
UPDATE pipeline_steps s SET state = 'ready', attempt = s.attempt - 1, free_at = now(), hint_at = now()
FROM unnest(%(runs)s::bigint[], %(steps)s::text[], %(parts)s::text[]) AS asked (run_id, step, part)
WHERE (s.run_id, s.step, s.part) = (asked.run_id, asked.step, asked.part)
  AND s.owner = %(owner)s AND s.state = 'running'
"""
BURY = """
UPDATE pipeline_steps SET state = 'dead', ended_at = now(), error = %(error)s
WHERE run_id = %(run_id)s AND step = %(step)s AND part = %(part)s AND owner = %(owner)s AND state = 'running'
"""
UNKNOWN = """
UPDATE pipeline_steps SET error = %(error)s
WHERE run_id = %(run_id)s AND step = %(step)s AND part = %(part)s AND state = 'ready' AND error IS NULL
"""
# The first parts are hinted by whoever made them; the keeper hints the rest as the queue empties.
PARTS = """
INSERT INTO pipeline_steps (run_id, step, part, needs, queue, deadline_s, state, args, free_at, hint_at)
SELECT %(run_id)s, p.step, p.part, array(SELECT jsonb_array_elements_text(p.needs)), p.queue, p.deadline_s, p.state,
  p.args, now() + make_interval(secs => p.delay_s), now() + make_interval(secs => p.delay_s + p.hinted_s)
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS p(step text, part text, needs jsonb, queue text, deadline_s float8,
  state text, args jsonb, delay_s float8, hinted_s float8)
"""
MOST_OWN_HINTS = 200


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """The spine's machine seconds: a lease, a hint sent again, the first backoff."""

    lease_s: float
    resend_s: float
    backoff_s: float


class StepStore:
    """The steps of all runs, in PostgreSQL."""

    def __init__(self, database: Database, times: Times) -> None:
        """Read and write through this database."""
        self.database = database
        self.times = times

    async def claim(self, wanted: Sequence[StepKey], owner: str, *, solo: bool = False) -> list[Claim]:
        """Take over what is free of the wanted steps, in one statement; what is not in the answer is not free.

        Only `solo` claims take steps that have been under two dead workers.
        """
        values = {
            **keys(wanted),
            "owner": owner,
            "lease_s": self.times.lease_s,
            "most_crashes": 1_000_000 if solo else SOLO_AFTER_CRASHES,
        }
        async with self.database.connection() as unit, unit.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(CLAIM, values)
            return msgspec.convert(await cursor.fetchall(), list[Claim])

    @asynccontextmanager
    async def done(
        self, claim: Claim, spec: PipelineSpec, report: StepReport, parts: Sequence[Part]
    ) -> AsyncIterator[tuple[Connection, list[Hint]]]:
        """Open the transaction of a step's effects: it begins with `done` behind the fence, and the parts.

        Yields the connection, and hints to send after the commit. Raises FencedError when the step was taken over.
        """
        check_parts(spec, claim.step, tuple(parts))
        async with self.database.transaction() as unit:
            idle_ms = str(int(max(2 * self.times.lease_s, SHORTEST_IDLE_S) * 1000))
            cursor = await unit.execute(DONE, {**fence(claim), "report": to_jsonb(report), "idle_ms": idle_ms})
            if cursor.rowcount == 0:
                raise FencedError(f"{label(claim)} was taken over: nothing was written.")  # noqa: EM102, TRY003  said once
            if parts:
                rows = list(part_rows(spec, parts, self.times.resend_s))
                await unit.execute(PARTS, {"run_id": claim.run_id, "rows": to_jsonb(rows)})
                hints = [part_hint(claim, row) for row in rows if row["hinted_s"]]
            else:
                hints = []
            yield unit, hints

    async def fail(self, claim: Claim, error: str, *, hopeless: bool = False) -> StepState:
        """Charge an attempt and back off, or bury: when it is hopeless, or after five attempts.

        Raises FencedError when the step is not this worker's any more.
        """
        row = await self._settle(FAIL, failure(claim, error, self.times, hopeless=hopeless), claim)
        return StepState(str(row[0]))

    async def defer(self, claim: Claim, wait_s: float, reason: str | None) -> None:
        """Give the step back for a while without charging the attempt; waits are cut at an hour.

        Raises FencedError when the step is not this worker's any more.
        """
        await self._settle(DEFER + "RETURNING 1", deferral(claim, wait_s, reason), claim)

    async def give_back(self, wanted: Sequence[StepKey], owner: str) -> None:
        """Give back, uncharged, what `owner` may have claimed without ever hearing of it."""
        async with self.database.connection() as unit:
            await unit.execute(GIVE_BACK, {**keys(wanted), "owner": owner})

    async def bury(self, key: StepKey, owner: str, error: str) -> bool:
        """Bury the step that the process `owner` died with, seen by its parent; return whether it still held it."""
        values = {**msgspec.structs.asdict(key), "owner": owner, "error": to_text(error)}
        async with self.database.connection() as unit:
            return (await unit.execute(BURY, values)).rowcount == 1

    async def note_unknown(self, key: StepKey, error: str) -> None:
        """Say on a step that nobody claims why this worker does not; whoever knows it clears that."""
        values = {"run_id": key.run_id, "step": key.step, "part": key.part, "error": to_text(error)}
        async with self.database.connection() as unit:
            await unit.execute(UNKNOWN, values)

    async def _settle(self, sql: str, values: Mapping[str, object], claim: Claim) -> tuple[object, ...]:
        async with self.database.connection() as unit:
            row = await (await unit.execute(sql, values)).fetchone()
        if row is None:
            raise FencedError(f"{label(claim)} was taken over, or is done already.")  # noqa: EM102, TRY003  said once
        return row


def label(key: StepKey) -> str:
    """Name a step in messages."""
    return f"step {key.run_id}/{key.step}/{key.part}"


def fence(claim: Claim) -> dict[str, object]:
    """Return what the fence guard compares."""
    return {"run_id": claim.run_id, "step": claim.step, "part": claim.part, "fence": claim.fence}


def failure(claim: Claim, error: str, times: Times, *, hopeless: bool = False) -> dict[str, object]:
    """Return the values of FAIL."""
    limits = {"most_attempts": MOST_ATTEMPTS, "backoff_s": times.backoff_s, "hopeless": hopeless}
    return {**fence(claim), **limits, "error": to_text(error)}


def deferral(claim: Claim, wait_s: float, reason: str | None) -> dict[str, object]:
    """Return the values of DEFER."""
    wait_s = min(max(wait_s, 0.0), LONGEST_WAIT_S)
    return {**fence(claim), "wait_s": wait_s, "error": None if reason is None else to_text(reason)}


def part_rows(spec: PipelineSpec, parts: Iterable[Part], resend_s: float) -> Iterable[dict[str, object]]:
    """Describe the rows of new parts; `hinted_s` is above 0 for those that their maker hints."""
    room = MOST_OWN_HINTS
    for part in parts:
        step = spec.step(part.step)
        needs = step.needs
        now = not needs and part.delay_s == 0 and room > 0
        room -= now
        yield {
            "step": part.step,
            "part": part.part,
            "needs": spec.needs(part.step),
            "queue": step.queue,
            "deadline_s": step.deadline_s,
            "state": "waiting" if needs else "ready",
            "args": part.args,
            "delay_s": part.delay_s,
            "hinted_s": resend_s if now else 0.0,
        }


def part_hint(claim: Claim, row: Mapping[str, object]) -> Hint:
    """Return the hint to a part."""
    names = {name: row[name] for name in ("step", "part", "queue")}
    return msgspec.convert({**names, "run_id": claim.run_id, "pipeline": claim.pipeline}, Hint)
