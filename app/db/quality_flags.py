"""Flags beside bars in PostgreSQL: raised, resolved, confirmed; bars themselves are never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.db.fetch_log import storable
from app.db.quality_opinions import ask_whom, compare_pairs, mark_asked, read_pairs
from app.db.quality_panels import read_held, read_panels, read_unjudged
from app.db.watermarks import move_watermarks
from app.domain.datasets import Watermark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from datetime import date, datetime

    from app.db.engine import Connection, Database
    from app.domain.quality_opinions import BarPair
    from app.domain.quality_panel import Panel
    from app.ports.quality import Judgement, Suspect, Unjudged
    from app.ports.steps import UnitOfWork

FOUND = """
WITH found AS MATERIALIZED (
  SELECT f.instrument_id, f.session, f.rule, f.evidence, b.known_at AS bar_known_at
  FROM jsonb_to_recordset(%(findings)s::text::jsonb)
    AS f(instrument_id integer, session date, rule text, evidence jsonb)
  LEFT JOIN LATERAL (
    SELECT known_at FROM bars_daily b WHERE b.instrument_id = f.instrument_id AND b.session = f.session OFFSET 0
  ) b ON true
)"""
# A flag stands as long as it is found, on the very bar that it was raised on.
RESOLVE = f"""
{FOUND}, judged AS MATERIALIZED (
  SELECT f.id, b.known_at AS bar_known_at, EXISTS (
    SELECT FROM corporate_actions a WHERE a.instrument_id = f.instrument_id AND a.superseded_at IS NULL
      AND a.ex_date > (f.evidence ->> 'previous_session')::date AND a.ex_date <= f.session) AS explained
  FROM bar_flags f
  LEFT JOIN LATERAL (
    SELECT known_at FROM bars_daily b WHERE b.instrument_id = f.instrument_id AND b.session = f.session OFFSET 0
  ) b ON true
  WHERE f.state = 'open' AND f.rule <> 'provider_difference' AND f.session = ANY(%(sessions)s)
    AND (%(instruments)s::integer[] IS NULL OR f.instrument_id = ANY(%(instruments)s))
)
UPDATE bar_flags f SET state = 'resolved', decided_at = greatest(%(at)s, f.known_at), decision = CASE
    WHEN f.rule = 'missing_session' AND j.bar_known_at IS NOT NULL THEN 'the bar has come'
    WHEN j.bar_known_at IS DISTINCT FROM f.bar_known_at THEN 'the bar was corrected'
    WHEN f.rule IN ('jump', 'spike') AND j.explained THEN 'a corporate action explains it'
    ELSE 'it does not stand out any more' END
FROM judged j
WHERE f.id = j.id AND (j.bar_known_at IS DISTINCT FROM f.bar_known_at OR NOT EXISTS (
  SELECT FROM found n WHERE (n.instrument_id, n.session, n.rule) = (f.instrument_id, f.session, f.rule)))
"""  # noqa: S608  only our own constant
# What a second provider has confirmed is not raised again on the same bar.
RAISE = f"""
{FOUND}
INSERT INTO bar_flags (instrument_id, session, rule, evidence, bar_known_at, known_at)
SELECT n.instrument_id, n.session, n.rule, n.evidence, n.bar_known_at, %(at)s FROM found n
WHERE NOT EXISTS (
  SELECT FROM bar_flags f WHERE (f.instrument_id, f.session, f.rule) = (n.instrument_id, n.session, n.rule)
    AND f.state = 'confirmed' AND f.bar_known_at IS NOT DISTINCT FROM n.bar_known_at)
ORDER BY n.session, n.instrument_id
ON CONFLICT (instrument_id, session, rule) WHERE state = 'open' DO NOTHING
"""  # noqa: S608  only our own constant
# In the order in which ingest locks them.
JUDGED = """
WITH read AS (
  SELECT * FROM unnest(%(sessions)s::date[], %(versions)s::bigint[]) AS v(session, version)
), locked AS MATERIALIZED (
  SELECT session FROM bar_sessions WHERE session IN (SELECT session FROM read) ORDER BY session FOR UPDATE
)
UPDATE bar_sessions s SET judged = greatest(s.judged, r.version)
FROM read r JOIN locked USING (session) WHERE s.session = r.session
"""


class BarQualityStore:
    """What the judge reads and writes, as `app.ports.quality.BarQuality` asks for it."""

    def __init__(self, database: Database) -> None:
        """Read through this database; writes come with their unit of work."""
        self._database = database

    async def unjudged(self) -> Unjudged:
        """Return what has changed since it was judged."""
        return await read_unjudged(self._database)

    def panels(self, sessions: Sequence[date], instruments: Collection[int] | None) -> AsyncIterator[Panel]:
        """Yield the bars of those sessions, a few hundred instruments at a time."""
        return read_panels(self._database, sessions, instruments)

    async def held(self, sessions: Sequence[date]) -> set[tuple[int, date]]:
        """Return the (instrument, session) of which a row is in quarantine."""
        return await read_held(self._database, sessions)

    async def put(self, unit: UnitOfWork, judgement: Judgement) -> tuple[int, int]:
        """Store what is new, and resolve open flags of the area that were not found again; return how many of each."""
        connection = cast("Connection", unit)
        findings = [
            {"instrument_id": f.instrument, "session": f.session, "rule": f.rule, "evidence": f.evidence}
            for f in judgement.findings
        ]
        values = {
            "findings": storable(findings),
            "sessions": judgement.area.sessions,
            "instruments": judgement.area.instruments,
            "at": judgement.at,
        }
        resolved = (await connection.execute(RESOLVE, values)).rowcount
        raised = (await connection.execute(RAISE, values)).rowcount
        if resolved or raised:
            await move_watermarks(connection, [Watermark.QUARANTINE])
        return raised, resolved

    async def judged(self, unit: UnitOfWork, unjudged: Unjudged) -> None:
        """Remember that these versions are judged."""
        connection = cast("Connection", unit)
        values = {"sessions": list(unjudged.versions), "versions": list(unjudged.versions.values())}
        await connection.execute(JUDGED, values)
        await connection.execute("DELETE FROM bar_rejudge WHERE id = ANY(%s)", [unjudged.rejudge_ids])

    async def pairs(self, sessions: Collection[date]) -> list[BarPair]:
        """Return stored bars beside other providers' that were not compared yet, or are of one of these sessions."""
        return await read_pairs(self._database, sessions)

    async def compared(self, unit: UnitOfWork, pairs: Sequence[BarPair], at: datetime) -> dict[str, int]:
        """Flag the pairs that differ, confirm the doubts about bars that agree; count both by name."""
        counts = await compare_pairs(cast("Connection", unit), pairs, at)
        if any(counts.values()):
            await move_watermarks(cast("Connection", unit), [Watermark.QUARANTINE])
        return counts

    async def suspects(self, at: datetime, most: int) -> list[Suspect]:
        """Return open flags that nobody was asked about for a week, one an instrument."""
        return await ask_whom(self._database, at, most)

    async def asked(self, unit: UnitOfWork, suspects: Sequence[Suspect], at: datetime) -> None:
        """Remember that a second provider is asked about these."""
        await mark_asked(cast("Connection", unit), suspects, at)
