"""The end of a sweep over the list of active instruments: who is missing, and who came back under another ticker."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Final, cast

import msgspec

from app.db.instrument_tenures import DAY, rename
from app.db.instrument_unions import Union, bars_between, gather_strays, unite
from app.domain.quality import HeldRow

if TYPE_CHECKING:
    from app.db.engine import Connection
    from app.ports.stores import Fetched, ListPage

# Not when it would be more than a fifth of all: then the sweep is more likely to have been cut short.
MISS: Final = """
WITH missing AS (
  SELECT id FROM instruments
  WHERE active AND last_listing IS DISTINCT FROM %(on)s AND last_miss IS DISTINCT FROM %(on)s
), counted AS (
  SELECT (SELECT count(*) FROM missing JOIN instruments USING (id) WHERE last_listing IS NOT NULL) AS gone,
    (SELECT count(*) FROM instruments WHERE active AND last_listing IS NOT NULL) AS n
)
UPDATE instruments i SET misses = i.misses + 1, last_miss = %(on)s
FROM missing m, counted c WHERE i.id = m.id AND c.gone <= greatest(1, c.n * 0.2)
"""
# New in this sweep, with the identity of one that it lacks. Only for common shares is the company's number enough: its
# preferred shares, warrants and units have the same.
RENAMED: Final = """
WITH fresh AS (SELECT * FROM instruments WHERE active AND first_listing = %(on)s AND last_listing = %(on)s),
pairs AS (
  SELECT g.id AS stays, g.symbol AS old, f.id AS gone, f.symbol AS new, g.last_listing AS seen,
    CASE WHEN f.figi = g.figi THEN 'the FIGI ' || f.figi ELSE 'the CIK ' || f.cik END AS evidence
  FROM fresh f JOIN instruments g ON g.last_listing < %(on)s AND g.id <> f.id AND (
    g.figi = f.figi OR (g.cik = f.cik AND num_nulls(g.figi, f.figi) > 0 AND g.delisted_on IS NULL AND g.misses <= 2
      AND g.type = f.type AND f.type IN ('CS', 'ADRC')))
)
SELECT stays, old, gone, new, seen, evidence,
  count(*) OVER (PARTITION BY stays) > 1 OR count(*) OVER (PARTITION BY gone) > 1
FROM pairs ORDER BY stays, gone
"""
TAKE: Final = """
UPDATE instruments i SET symbol = n.symbol, name = coalesce(n.name, i.name), mic = coalesce(n.mic, i.mic),
  type = coalesce(n.type, i.type), currency = coalesce(n.currency, i.currency), sector = coalesce(n.sector, i.sector),
  industry = coalesce(n.industry, i.industry), cik = coalesce(n.cik, i.cik), figi = coalesce(n.figi, i.figi),
  active = true, delisted_on = NULL, changed_at = %(now)s, last_listing = %(on)s, misses = 0
FROM instrument_revisions n WHERE i.id = %(stays)s AND n.instrument_id = %(gone)s
  AND n.known_at = (SELECT max(known_at) FROM instrument_revisions WHERE instrument_id = %(gone)s)
"""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep's end: whether facts moved from one instrument to another, and what cannot be told."""

    moved: bool = False
    held: tuple[HeldRow, ...] = ()


class Pair(msgspec.Struct, frozen=True):
    """An instrument that the sweep lacks, and a new one that may be it."""

    stays: int
    old: str
    gone: int
    new: str
    seen: date
    evidence: str
    ambiguous: bool


async def end_sweep(connection: Connection, page: ListPage, fetched: Fetched, fetch_id: int) -> Swept:
    """Count what is missing, and unite what was renamed with what it was."""
    rows = await (await connection.execute(RENAMED, {"on": page.on})).fetchall()
    renamed, held = False, []
    for pair in [Pair(*row) for row in cast("list[tuple[int, str, int, str, date, str, bool]]", rows)]:
        if not pair.ambiguous and await renames(connection, pair, page.on, fetched, fetch_id):
            renamed = True
        else:
            held.append(doubted(pair))
    await connection.execute(MISS, {"on": page.on})
    strays = await gather_strays(connection, fetched)
    return Swept(moved=strays or renamed, held=tuple(held))


async def renames(connection: Connection, pair: Pair, on: date, fetched: Fetched, fetch_id: int) -> bool:
    """Give an instrument its new symbol, and what came under that already; False when they cannot be one."""
    _, last = await bars_between(connection, pair.stays)
    first, _ = await bars_between(connection, pair.gone)
    if first and last and first <= last:
        return False
    union = Union(
        gone=pair.gone, stays=pair.stays, evidence={"renamed": f"{pair.old} and {pair.new} have {pair.evidence}"}
    )
    if not await unite(connection, union, fetched, fetch_id):
        return False
    await connection.execute(TAKE, {"stays": pair.stays, "gone": pair.gone, "now": fetched.known_at, "on": on})
    # Without bars under the new one, all that is known is between which sweeps it was.
    begins, ends = (first, first) if first else (max(pair.seen, last or pair.seen) + DAY, on)
    old, new = (pair.stays, pair.old, None, ends), (pair.stays, pair.new, begins, None)
    await rename(connection, old, new, fetched, fetch_id)
    return True


def doubted(pair: Pair) -> HeldRow:
    """Hold a change of name that cannot be told."""
    text = f"{pair.new} has {pair.evidence}, as {pair.old} has (instruments {pair.gone} and {pair.stays})"
    return HeldRow(
        symbol=pair.new,
        session=None,
        rule="ambiguous_rename",
        evidence={"ambiguous_rename": f"{text}: they cannot be united without doubt"},
        row=msgspec.to_builtins(pair),
    )
