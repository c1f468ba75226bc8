"""The heart's beat: renew the leases of what a process holds, on a connection and in a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from app.db.pipeline_rows import keys
from app.db.pipeline_steps import DEFER, FAIL, deferral, failure
from app.domain.errors import DependencyDownError
from app.ports.steps import StepKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.pipeline_steps import Times
    from app.ports.steps import Claim

# A row that its own last transaction has locked needs no renewal: skipping it keeps the others alive meanwhile.
# What is held is read from the snapshot, so a locked row does not count as lost.
BEAT = """
WITH held AS (
  SELECT s.* FROM unnest(%(runs)s::bigint[], %(steps)s::text[], %(parts)s::text[], %(fences)s::bigint[])
    AS mine (run_id, step, part, fence)
  CROSS JOIN LATERAL (
    SELECT s.run_id, s.step, s.part, s.ctid AS at FROM pipeline_steps s
    WHERE (s.run_id, s.step, s.part) = (mine.run_id, mine.step, mine.part)
      AND s.fence = mine.fence AND s.state = 'running' OFFSET 0
  ) s
), free AS (
  SELECT s.ctid AS at FROM held JOIN pipeline_steps s ON s.ctid = held.at FOR UPDATE OF s SKIP LOCKED
), renewed AS (
  UPDATE pipeline_steps s SET free_at = now() + make_interval(secs => %(lease_s)s),
    hint_at = now() + make_interval(secs => %(lease_s)s)
  FROM free WHERE s.ctid = free.at AND s.state = 'running'
)
SELECT run_id, step, part FROM held
"""


class Heartbeat:
    """A synchronous connection that no event loop can starve. Used by one thread only."""

    def __init__(self, url: str, name: str, times: Times) -> None:
        """Connect at the first beat, and again whenever the connection is lost."""
        self.url = url
        self.name = name
        self.times = times
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def beat(self, claims: Sequence[Claim]) -> list[Claim]:
        """Renew what is still held and return the claims that are lost; raise DependencyDownError when it cannot."""
        values = {**keys(claims), "fences": [claim.fence for claim in claims], "lease_s": self.times.lease_s}
        rows = self._execute(BEAT, values).fetchall()
        held = {StepKey(run_id=int(str(run)), step=str(step), part=str(part)) for run, step, part in rows}
        return [claim for claim in claims if StepKey(run_id=claim.run_id, step=claim.step, part=claim.part) not in held]

    def give_up(self, overdue: Sequence[Claim], others: Sequence[Claim]) -> None:
        """Charge the overdue steps, release the others: the process is about to end itself."""
        for claim in overdue:
            error = f"It was still busy after its deadline of {claim.deadline_s:.0f} s and could not be cancelled."
            self._execute(FAIL, failure(claim, error, self.times))
        for claim in others:
            self._execute(DEFER, deferral(claim, 0.0, None))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, sql: str, values: dict[str, object]) -> psycopg.Cursor[tuple[object, ...]]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self.url,
                    autocommit=True,
                    application_name=f"groat-{self.name}-heart",
                    connect_timeout=3,
                    options="-c timezone=UTC -c statement_timeout=5000",
                    keepalives_idle=3,
                    keepalives_interval=1,
                    keepalives_count=3,
                    tcp_user_timeout=5000,
                )
            return self._connection.execute(sql, values)
        except psycopg.OperationalError as e:
            self.close()
            raise DependencyDownError from e
