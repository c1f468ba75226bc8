"""What providers have answered for, what they refused, and what earlier answers looked like."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from app.domain.datasets import Dataset
from app.domain.fetch_plan import Refusal
from app.domain.gaps import Span, merge
from app.ports.stores import Neighbour, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from app.db.engine import Connection, Database
    from app.domain.quotas import Allowance
    from app.ports.steps import UnitOfWork

WHOLE_MARKET = 0
SETTLE = """
INSERT INTO settled (dataset, instrument_id, span) VALUES (%s, 0, %s)
ON CONFLICT (dataset, instrument_id) DO UPDATE SET span = settled.span + excluded.span
"""
UNDER_WAY = """
SELECT DISTINCT args ->> 'dataset', args ->> 'subject' FROM pipeline_steps
WHERE step = 'fetch' AND state <> 'done' AND state <> 'dead' AND args ?& '{dataset,subject}'
"""
# The nearest answered sessions on both sides, then the latest whole answer for each.
NEIGHBOURS = """
SELECT latest.row_count FROM (
  (SELECT session FROM sessions, settled WHERE dataset = %(dataset)s AND instrument_id = 0 AND session < %(day)s
     AND mic = 'XNYS' AND span @> session ORDER BY session DESC LIMIT %(count)s)
  UNION ALL
  (SELECT session FROM sessions, settled WHERE dataset = %(dataset)s AND instrument_id = 0 AND session > %(day)s
     AND mic = 'XNYS' AND span @> session ORDER BY session LIMIT %(count)s)
) near
CROSS JOIN LATERAL (
  SELECT row_count FROM fetches WHERE dataset = %(dataset)s AND subject = near.session::text AND settles
  ORDER BY id DESC LIMIT 1
) latest
ORDER BY abs(near.session - %(day)s) LIMIT %(count)s
"""
EARLIER = "SELECT row_count, known_at FROM fetches WHERE dataset = %s AND subject = %s ORDER BY id DESC LIMIT 10"
REFUSALS = "SELECT dataset, reason, ask_again, through FROM provider_capabilities WHERE allowance = %s"
# A refusal of the whole dataset (through is NULL) swallows one of single dates.
REFUSE = """
INSERT INTO provider_capabilities (allowance, dataset, through, refused_at, reason, ask_again)
VALUES (%(allowance)s, %(dataset)s, %(through)s, %(now)s, %(reason)s, %(ask_again)s)
ON CONFLICT (allowance, dataset) DO UPDATE SET refused_at = excluded.refused_at, reason = excluded.reason,
  ask_again = excluded.ask_again,
  through = CASE WHEN excluded.through IS NULL
                   OR (provider_capabilities.through IS NULL AND provider_capabilities.ask_again > excluded.refused_at)
                 THEN NULL ELSE greatest(provider_capabilities.through, excluded.through) END
"""
STORED_BY = """
SELECT dataset, sum(row_count)::int, sum(inserted)::int, sum(changed)::int, sum(held)::int
FROM fetches WHERE step LIKE %s GROUP BY dataset ORDER BY dataset
"""


def to_multirange(spans: Iterable[Span]) -> Multirange[date]:
    """Return spans as PostgreSQL's multirange of dates."""
    return Multirange([Range(span.start, span.end) for span in spans])


class SettledStore:
    """Coverage in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def settled(self, dataset: Dataset) -> tuple[Span, ...]:
        """Return the whole market's settled dates, merged and in order."""
        async with self._database.connection("settled") as connection:
            cursor = await connection.execute(
                "SELECT span FROM settled WHERE dataset = %s AND instrument_id = %s", [dataset, WHOLE_MARKET]
            )
            row = await cursor.fetchone()
        found = cast("Multirange[date]", row[0]) if row else Multirange([])
        return merge(Span(r.lower, r.upper) for r in found if r.lower is not None and r.upper is not None)

    async def under_way(self) -> frozenset[tuple[str, str]]:
        """Return the (dataset, subject) of what open pipeline steps fetch already."""
        async with self._database.connection("settled") as connection:
            rows = await (await connection.execute(UNDER_WAY)).fetchall()
        return frozenset(cast("list[tuple[str, str]]", rows))

    async def neighbours(self, dataset: Dataset, session: date, count: int) -> list[int]:
        """Return how many rows the settled sessions nearest to this one had."""
        values = {"dataset": dataset, "day": session, "count": count}
        async with self._database.connection("settled") as connection:
            return [cast("int", rows) for (rows,) in await (await connection.execute(NEIGHBOURS, values)).fetchall()]

    async def earlier(self, dataset: Dataset, session: date) -> list[Neighbour]:
        """Return the stored replies for a session, the latest first, ten at most."""
        async with self._database.connection("settled") as connection:
            cursor = await connection.execute(EARLIER, [dataset, session.isoformat()])
            rows = cast("list[tuple[int, datetime]]", await cursor.fetchall())
        return [Neighbour(rows=count, known_at=known_at) for count, known_at in rows]

    async def refusals(self, allowance: Allowance) -> list[Refusal]:
        """Return what the provider refused this key."""
        async with self._database.connection("settled") as connection:
            rows = await (await connection.execute(REFUSALS, [allowance.id])).fetchall()
        found = cast("list[tuple[str, str, datetime, date | None]]", rows)
        return [
            Refusal(dataset=Dataset(dataset), reason=reason, ask_again=ask_again, through=through)
            for dataset, reason, ask_again, through in found
        ]

    async def refuse(self, unit: UnitOfWork, allowance: Allowance, refusal: Refusal, now: datetime) -> None:
        """Remember a refusal; one of single dates widens an earlier one."""
        values = {
            "allowance": allowance.id,
            "dataset": refusal.dataset,
            "through": refusal.through,
            "now": now,
            "reason": refusal.reason,
            "ask_again": refusal.ask_again,
        }
        await cast("Connection", unit).execute(REFUSE, values)

    async def settle(self, unit: UnitOfWork, dataset: Dataset, span: Span) -> None:
        """Mark the whole market's dates as answered for."""
        await cast("Connection", unit).execute(SETTLE, [dataset, to_multirange([span])])

    async def stored_by(self, run_id: int) -> list[tuple[Dataset, Stored]]:
        """Sum up what the steps of a run stored, by dataset."""
        async with self._database.connection("settled") as connection:
            rows = await (await connection.execute(STORED_BY, [f"{run_id}/%"])).fetchall()
        found = cast("list[tuple[str, int, int, int, int]]", rows)
        return [
            (Dataset(dataset), Stored(rows=rows, inserted=inserted, changed=changed, held=held))
            for dataset, rows, inserted, changed, held in found
        ]
