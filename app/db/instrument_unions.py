"""Unite two instruments that turned out to be one company under two symbols: nothing that is stored gets lost."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

import msgspec
import psycopg
from psycopg import sql

from app.db.fetch_log import storable

if TYPE_CHECKING:
    from datetime import date

    from app.db.engine import Connection
    from app.ports.stores import Fetched

# Bars name their instrument by a number that was looked up before: whoever stores them shares this lock, and whoever
# gives numbers up has it alone, both before anything else of their transaction.
SHARE: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('instrument_unions'), 0)"
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('instrument_unions'), 0)"
# Every table that knows instruments by number, also one that is made tomorrow; these keep their own past.
TABLES: Final = """
SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.column_name = 'instrument_id' AND t.table_type = 'BASE TABLE' AND table_schema = current_schema()
  AND c.table_name <> ALL ('{instrument_revisions,instrument_symbols,index_memberships}') ORDER BY c.table_name
"""
# Notes on what was asked for; whoever stays has notes of its own.
NOTES: Final = frozenset({"asks", "settled"})
SPANS: Final = "SELECT min(session), max(session) FROM bars_daily WHERE instrument_id = %s"
TOGETHER: Final = """
SELECT EXISTS (
  SELECT FROM bars_daily a JOIN bars_daily b USING (session) WHERE a.instrument_id = %s AND b.instrument_id = %s)
"""
END_TENURES: Final = """
UPDATE instrument_symbols SET superseded_at = greatest(%(now)s, known_at + interval '1 microsecond')
WHERE instrument_id = %(gone)s AND superseded_at IS NULL
"""
KEEP: Final = """
INSERT INTO instrument_revisions (instrument_id, symbol, name, mic, type, currency, sector, industry, cik, figi, active,
  listed_on, delisted_on, provider, known_at, superseded_at)
SELECT id, symbol, name, mic, type, currency, sector, industry, cik, figi, active, listed_on, delisted_on, provider,
  changed_at, greatest(%(now)s, changed_at + interval '1 microsecond')
FROM instruments WHERE id = %(gone)s
"""
LOG: Final = """
INSERT INTO instrument_unions (gone_id, stays_id, symbol, evidence, fetch_id, known_at)
SELECT %(gone)s, %(stays)s, symbol, %(evidence)s, %(fetch)s, %(now)s FROM instruments WHERE id = %(gone)s
"""
# Who was known to be a member before, was known by the number that it had.
RELINK: Final = """
WITH old AS (
  UPDATE index_memberships SET superseded_at = greatest(%(now)s, known_at + interval '1 microsecond', linked_at)
  WHERE instrument_id = %(gone)s AND superseded_at IS NULL RETURNING *
)
INSERT INTO index_memberships (index, symbol, name, joined_on, left_on, instrument_id, linked_at, source, known_at)
SELECT index, symbol, name, joined_on, left_on, %(stays)s, superseded_at, source, superseded_at FROM old
"""
# What was told of both: the word about the one that stays goes on, the other's ends and stays as it was known.
END_DOUBLES: Final = (
    """
UPDATE company_facts g SET superseded_at = greatest(%(now)s, g.known_at + interval '1 microsecond')
WHERE g.instrument_id = %(gone)s AND g.superseded_at IS NULL AND EXISTS (
  SELECT FROM company_facts s WHERE s.instrument_id = %(stays)s AND s.superseded_at IS NULL
    AND (s.dataset, s.provider) = (g.dataset, g.provider))
""",
    """
UPDATE earnings g SET superseded_at = greatest(%(now)s, g.known_at + interval '1 microsecond')
WHERE g.instrument_id = %(gone)s AND g.superseded_at IS NULL AND EXISTS (
  SELECT FROM earnings s WHERE s.instrument_id = %(stays)s AND s.superseded_at IS NULL
    AND (s.fiscal_year, s.fiscal_quarter, s.provider) = (g.fiscal_year, g.fiscal_quarter, g.provider))
""",
    # An article that is tied to both is tied to the one, since the first of the two.
    """
UPDATE article_instruments s SET known_at = least(s.known_at, g.known_at) FROM article_instruments g
WHERE g.instrument_id = %(gone)s AND s.instrument_id = %(stays)s
  AND (s.article_id, s.provider, s.basis) = (g.article_id, g.provider, g.basis)
""",
    """
DELETE FROM article_instruments g USING article_instruments s
WHERE g.instrument_id = %(gone)s AND s.instrument_id = %(stays)s
  AND (s.article_id, s.provider, s.basis) = (g.article_id, g.provider, g.basis)
""",
    """
DELETE FROM article_sentiments g USING article_sentiments s
WHERE g.instrument_id = %(gone)s AND s.instrument_id = %(stays)s
  AND (s.article_id, s.provider, s.ref, s.known_at) = (g.article_id, g.provider, g.ref, g.known_at)
""",
)
FOLLOW: Final = "UPDATE instrument_unions SET stays_id = %(stays)s WHERE stays_id = %(gone)s"
# Bars under a number that was given up: from before the lock was, or of a hand.
STRAYS: Final = """
SELECT u.gone_id, u.stays_id FROM instrument_unions u
WHERE u.known_at > %s - interval '60 days' AND EXISTS (SELECT FROM bars_daily b WHERE b.instrument_id = u.gone_id)
"""


class Union(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument to give up for another, and why."""

    gone: int
    stays: int
    evidence: dict[str, str]


async def bars_between(connection: Connection, instrument: int) -> tuple[date | None, date | None]:
    """Return the first and the last session of an instrument's bars."""
    row = await (await connection.execute(SPANS, [instrument])).fetchone()
    return cast("tuple[date | None, date | None]", row)


async def unite(connection: Connection, union: Union, fetched: Fetched, fetch_id: int) -> bool:
    """Move all that is stored of one instrument to another, and give its number up; False when they cannot be one.

    Two that were traded on the same day, or of which the same fact is stored for both, are not one: then nothing is
    changed. The symbol's tenure is left to the caller.
    """
    row = await (await connection.execute(TOGETHER, [union.gone, union.stays])).fetchone()
    if cast("tuple[bool]", row)[0]:
        return False
    values = {
        "gone": union.gone,
        "stays": union.stays,
        "evidence": storable(union.evidence),
        "now": fetched.known_at,
        "fetch": fetch_id,
    }
    try:
        async with connection.transaction():
            for statement in END_DOUBLES:
                await connection.execute(statement, values)
            await move(connection, union.gone, union.stays)
            for statement in (RELINK, END_TENURES, KEEP, LOG, FOLLOW, "DELETE FROM instruments WHERE id = %(gone)s"):
                await connection.execute(statement, values)
    except psycopg.errors.UniqueViolation:
        return False
    return True


async def move(connection: Connection, gone: int, stays: int) -> None:
    """Give all rows of one number to another."""
    tables = await (await connection.execute(TABLES)).fetchall()
    for (table,) in cast("list[tuple[str]]", tables):
        if table in NOTES:
            statement = sql.SQL("DELETE FROM {} WHERE instrument_id = %s").format(sql.Identifier(table))
            await connection.execute(statement, [gone])
        else:
            moved = sql.SQL("UPDATE {} SET instrument_id = %s WHERE instrument_id = %s").format(sql.Identifier(table))
            await connection.execute(moved, [stays, gone])


async def gather_strays(connection: Connection, fetched: Fetched) -> bool:
    """Move bars that were stored under a number after it was given up; tell whether there were any."""
    rows = await (await connection.execute(STRAYS, [fetched.known_at])).fetchall()
    for gone, stays in cast("list[tuple[int, int]]", rows):
        # What is stored under the number that stays was stored later, and stands.
        with suppress(psycopg.errors.UniqueViolation):
            async with connection.transaction():
                await move(connection, gone, stays)
    return bool(rows)
