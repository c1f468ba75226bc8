"""Store and read who was in which index when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString, cast

import msgspec

from app.db.fetch_log import storable
from app.db.instruments_past import KNOWN, OBJECT, THEN, moment
from app.domain.datasets import Watermark
from app.domain.index_memberships import INDICES
from app.ports.instrument_reads import IndexSummary, Member
from app.ports.stores import MembershipChange

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from app.db.engine import Connection
    from app.db.lanes import Lanes
    from app.domain.index_memberships import Alias, Membership
    from app.ports.steps import UnitOfWork

TOLD: Final = """
WITH told AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS t(
    index text, symbol text, name text, joined_on date, left_on date)
)"""
# Two statements, so that the index of current rows sees the old one gone before the new one comes.
SUPERSEDE: Final = f"""
{TOLD}
UPDATE index_memberships m SET superseded_at = greatest(%(now)s, m.known_at + interval '1 microsecond')
WHERE m.superseded_at IS NULL AND NOT EXISTS (
  SELECT FROM told t WHERE (t.index, t.symbol, t.joined_on, t.name) = (m.index, m.symbol, m.joined_on, m.name)
    AND t.left_on IS NOT DISTINCT FROM m.left_on)
"""  # noqa: S608  only our own constants
ADD: Final = f"""
{TOLD}
INSERT INTO index_memberships (index, symbol, name, joined_on, left_on, source, known_at)
SELECT index, symbol, name, joined_on, left_on, %(source)s, greatest(%(now)s, (
  SELECT max(superseded_at) FROM index_memberships m
  WHERE (m.index, m.symbol, m.joined_on, m.name) = (t.index, t.symbol, t.joined_on, t.name)))
FROM told t WHERE NOT EXISTS (
  SELECT FROM index_memberships m
  WHERE (m.index, m.symbol, m.joined_on, m.name) = (t.index, t.symbol, t.joined_on, t.name) AND m.superseded_at IS NULL)
"""  # noqa: S608  only our own constants
# An instrument that had the member's ticker while it was one, and of which there is evidence that it lived then: it is
# traded and the company still a member, or bars, or its first or last day tell. One, or none is known.
LINK: Final = """
WITH aliases AS (
  SELECT * FROM jsonb_to_recordset(%(aliases)s::text::jsonb) AS a(
    index text, member text, name text, joined_on date, symbol text, first date, until date)
), able AS (
  SELECT m.id, min(i.id) AS instrument_id
  FROM index_memberships m
  JOIN aliases a ON (a.index, a.member, a.name, a.joined_on) = (m.index, m.symbol, m.name, m.joined_on)
  JOIN instrument_symbols s ON s.symbol = a.symbol AND s.superseded_at IS NULL
    AND (s.valid_from < a.until) IS NOT FALSE AND (s.valid_to > a.first) IS NOT FALSE
  JOIN instruments i ON i.id = s.instrument_id
  WHERE m.superseded_at IS NULL AND m.instrument_id IS NULL AND (
    (m.left_on IS NULL AND i.active AND i.symbol = a.symbol)
    OR i.delisted_on BETWEEN a.first AND coalesce(a.until, 'infinity') + 31
    OR (i.listed_on <= a.first AND (i.delisted_on >= a.first) IS NOT FALSE)
    OR EXISTS (SELECT FROM bars_daily b WHERE b.instrument_id = i.id
      AND b.session >= greatest(a.first, s.valid_from) AND b.session < least(a.until, s.valid_to, 'infinity')))
  GROUP BY m.id HAVING count(DISTINCT i.id) = 1
)
UPDATE index_memberships m SET instrument_id = a.instrument_id, linked_at = greatest(%(now)s, m.known_at)
FROM able a WHERE m.id = a.id
"""
BUMP: Final = """
WITH bumped AS (
  INSERT INTO watermarks AS w (dataset, version, changed_at) VALUES (%s, 1, now())
  ON CONFLICT (dataset) DO UPDATE SET version = w.version + 1, changed_at = excluded.changed_at
  RETURNING dataset, version
)
SELECT pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text) FROM bumped
"""
CURRENT: Final = "SELECT count(*) FROM index_memberships WHERE superseded_at IS NULL"

SUMMARIES: Final[LiteralString] = """
SELECT coalesce(json_agg(json_build_object('index', index, 'title', '', 'size', 0, 'members', members, 'since', since,
  'source', source, 'known_at', known_at) ORDER BY index), '[]')::text
FROM (
  SELECT index, count(*) FILTER (WHERE joined_on <= $2::date AND (left_on IS NULL OR left_on > $2::date)) AS members,
    min(joined_on) AS since, max(source) AS source, max(known_at) AS known_at
  FROM index_memberships m WHERE {known} GROUP BY index) found""".replace("{known}", KNOWN.replace("{t}", "m"))
MEMBERS: Final[LiteralString] = """
SELECT coalesce(json_agg(json_build_object('symbol', m.symbol, 'name', m.name, 'joined_on', m.joined_on,
  'instrument', CASE WHEN i.id IS NOT NULL THEN {object} END) ORDER BY m.symbol, m.joined_on), '[]')::text
FROM index_memberships m LEFT JOIN {then} i ON i.id = m.instrument_id AND m.linked_at <= $1::timestamptz
WHERE m.index = $2::text AND m.joined_on <= $3::date AND (m.left_on IS NULL OR m.left_on > $3::date) AND {known}"""
MEMBERS_STATEMENT: Final[LiteralString] = (
    MEMBERS.replace("{then}", THEN).replace("{object}", OBJECT).replace("{known}", KNOWN.replace("{t}", "m"))
)
ALL_SUMMARIES: Final = msgspec.json.Decoder(list[IndexSummary])
ALL_MEMBERS: Final = msgspec.json.Decoder(list[Member])


class IndexMembershipStore:
    """Memberships into PostgreSQL."""

    async def count(self, unit: UnitOfWork) -> int:
        """Count the memberships that are stored."""
        row = await (await cast("Connection", unit).execute(CURRENT)).fetchone()
        return cast("tuple[int]", row)[0]

    async def put(
        self, unit: UnitOfWork, memberships: Sequence[tuple[Membership, list[Alias]]], source: str, now: datetime
    ) -> MembershipChange:
        """Store all memberships as they are known now, and link them with instruments."""
        connection = cast("Connection", unit)
        rows = storable([msgspec.structs.asdict(member) for member, _ in memberships])
        values = {"rows": rows, "source": source, "now": now}
        superseded = (await connection.execute(SUPERSEDE, values)).rowcount
        added = (await connection.execute(ADD, values)).rowcount
        names = [
            {
                "index": member.index,
                "member": member.symbol,
                "name": member.name,
                "joined_on": member.joined_on,
                **msgspec.structs.asdict(alias),
            }
            for member, found in memberships
            for alias in found
        ]
        linked = (await connection.execute(LINK, {"aliases": storable(names), "now": now})).rowcount
        if superseded or added or linked:
            await connection.execute(BUMP, [Watermark.INDEX_MEMBERSHIPS.value])
        return MembershipChange(added=added, superseded=superseded, linked=linked)


class Indices:
    """Indices as `app.ports.instrument_reads.IndexReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def summaries(self, on: date, as_of: datetime | None) -> list[IndexSummary]:
        """Return every index that is known, by its name."""
        rows = await self.lanes.rows("indices", SUMMARIES, (moment(as_of), on.isoformat()))
        found = ALL_SUMMARIES.decode(rows[0][0] or b"[]")
        return [
            msgspec.structs.replace(each, title=INDICES[each.index].title, size=INDICES[each.index].size)
            for each in found
            if each.index in INDICES
        ]

    async def members(self, index: str, on: date, as_of: datetime | None) -> list[Member]:
        """Return who was a member on a day, by symbol."""
        rows = await self.lanes.rows("index_members", MEMBERS_STATEMENT, (moment(as_of), index, on.isoformat()))
        return ALL_MEMBERS.decode(rows[0][0] or b"[]")
