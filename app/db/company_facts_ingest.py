"""Store what is told of companies: a new row only when a fact differs; the old one stays as it was known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.db.listing import CURRENT_ID
from app.domain.datasets import Watermark
from app.ports.stores import Stored

if TYPE_CHECKING:
    from app.db.engine import Connection
    from app.domain.fundamentals import CompanyFacts
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

# One writer a company at a time: what it compares with must not change meanwhile.
BEGIN = f"""
SELECT id, pg_advisory_xact_lock(hashtext('company_facts'), id)
FROM (SELECT {CURRENT_ID.format(symbol="%(symbol)s")} AS id) found WHERE id IS NOT NULL
"""  # noqa: S608  only our own constants
MINE = "c.instrument_id = %(id)s AND c.dataset = %(dataset)s AND c.provider = %(provider)s"
# Two statements, so that the index of current rows sees the old one gone before the new one comes.
SUPERSEDE = f"""
UPDATE company_facts c SET superseded_at = greatest(%(now)s, c.known_at + interval '1 microsecond')
WHERE {MINE} AND c.superseded_at IS NULL AND c.facts <> %(facts)s::text::jsonb
"""  # noqa: S608  only our own constants
SEEN = f"""
UPDATE company_facts c SET seen_at = greatest(c.seen_at, %(now)s) WHERE {MINE} AND c.superseded_at IS NULL
"""  # noqa: S608  only our own constants
ADD = f"""
INSERT INTO company_facts (instrument_id, dataset, provider, facts, fetch_id, known_at, seen_at)
SELECT %(id)s, %(dataset)s, %(provider)s, %(facts)s::text::jsonb, %(fetch)s, since, since
FROM (SELECT greatest(%(now)s, (SELECT max(c.superseded_at) FROM company_facts c WHERE {MINE})) AS since) began
WHERE NOT EXISTS (SELECT FROM company_facts c WHERE {MINE} AND c.superseded_at IS NULL)
"""  # noqa: S608  only our own constants


class CompanyIngestStore:
    """Company facts into PostgreSQL."""

    async def store(self, unit: UnitOfWork, company: CompanyFacts, fetched: Fetched) -> Stored:
        """Store sound facts; empty ones, and those of a symbol that is no instrument, change nothing."""
        connection = cast("Connection", unit)
        fetch_id = await open_fetch(connection)
        row = await (await connection.execute(BEGIN, {"symbol": company.symbol})).fetchone()
        rows = changed = added = 0
        if row is not None and company.facts:
            values = {
                "id": row[0],
                "dataset": fetched.dataset,
                "provider": fetched.provider,
                "facts": storable(company.facts),
                "fetch": fetch_id,
                "now": fetched.known_at,
            }
            rows = 1
            changed = (await connection.execute(SUPERSEDE, values)).rowcount
            if not changed:
                await connection.execute(SEEN, values)
            added = (await connection.execute(ADD, values)).rowcount
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=rows, inserted=added - changed, changed=changed, held=held)
        await close_fetch(connection, fetched, fetch_id, stored, [Watermark.FUNDAMENTALS] if added else [])
        return stored
