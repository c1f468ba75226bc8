"""Second opinions in PostgreSQL: what is compared, what is flagged and confirmed by it, what is worth asking about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from app.db.fetch_log import storable
from app.domain.quality_opinions import BarPair, OneBar, difference
from app.ports.quality import Suspect

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from app.db.engine import Connection, Database

MOST_PAIRS = 20_000
PRICES = ("open", "high", "low", "close", "volume")
# A provider's latest word beside the stored bar.
PAIRS = """
SELECT o.instrument_id, o.session, b.provider, b.known_at, o.provider, o.known_at,
  b.open, b.high, b.low, b.close, b.volume, o.open, o.high, o.low, o.close, o.volume
FROM (
  SELECT * FROM bar_opinions WHERE compared_with IS NULL
  UNION
  SELECT * FROM bar_opinions WHERE session = ANY(%(sessions)s)
) o
CROSS JOIN LATERAL (
  SELECT * FROM bars_daily b WHERE b.instrument_id = o.instrument_id AND b.session = o.session OFFSET 0) b
WHERE o.compared_with IS DISTINCT FROM b.known_at AND NOT EXISTS (
  SELECT FROM bar_opinions l WHERE (l.instrument_id, l.session, l.provider) = (o.instrument_id, o.session, o.provider)
    AND l.known_at > o.known_at)
ORDER BY o.session DESC, o.instrument_id LIMIT %(most)s
"""
READ = """
WITH pair AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(%(pairs)s::text::jsonb) AS p(instrument_id integer, session date, provider text,
    known_at timestamptz, bar_known_at timestamptz, evidence jsonb)
)"""
MARK = f"""
{READ} UPDATE bar_opinions o SET compared_with = p.bar_known_at FROM pair p
WHERE (o.instrument_id, o.session, o.provider) = (p.instrument_id, p.session, p.provider) AND o.known_at <= p.known_at
"""  # noqa: S608  only our own constant
# A difference stands as long as the two differ, on the very bar; one that has changed is told anew.
SETTLED = f"""
{READ} UPDATE bar_flags f SET state = 'resolved', decided_at = greatest(%(at)s, f.known_at), decision = CASE
    WHEN f.bar_known_at <> p.bar_known_at THEN 'the bar was corrected' ELSE p.provider || ' says the same now' END
FROM pair p
WHERE (f.instrument_id, f.session) = (p.instrument_id, p.session) AND f.rule = 'provider_difference'
  AND f.state = 'open' AND f.evidence ? p.provider AND (p.evidence IS NULL OR f.bar_known_at <> p.bar_known_at)
"""  # noqa: S608  only our own constant
DIFFER = f"""
{READ} INSERT INTO bar_flags (instrument_id, session, rule, evidence, bar_known_at, known_at)
SELECT instrument_id, session, 'provider_difference', evidence, bar_known_at, %(at)s FROM pair
WHERE evidence IS NOT NULL ORDER BY session, instrument_id
ON CONFLICT (instrument_id, session, rule) WHERE state = 'open' DO NOTHING
"""  # noqa: S608  only our own constant
CONFIRM = f"""
{READ} UPDATE bar_flags f SET state = 'confirmed', decided_at = greatest(%(at)s, f.known_at),
  decision = p.provider || ' says the same'
FROM pair p
WHERE (f.instrument_id, f.session) = (p.instrument_id, p.session) AND p.evidence IS NULL AND f.state = 'open'
  AND f.rule NOT IN ('provider_difference', 'missing_session') AND f.bar_known_at = p.bar_known_at
"""  # noqa: S608  only our own constant
# Whoever has bars on both sides of a hole and none in it confirms that nothing was traded.
CONFIRM_HOLES = """
UPDATE bar_flags f SET state = 'confirmed', decided_at = greatest(%(at)s, f.known_at),
  decision = a.provider || ' has no bar of it either'
FROM bar_opinions a JOIN bar_opinions b ON b.instrument_id = a.instrument_id AND b.provider = a.provider
WHERE f.state = 'open' AND f.rule = 'missing_session' AND f.asked_at IS NOT NULL AND a.instrument_id = f.instrument_id
  AND a.session = (f.evidence ->> 'previous_session')::date AND b.session = (f.evidence ->> 'next_session')::date
  AND NOT EXISTS (SELECT FROM bars_daily x WHERE x.instrument_id = f.instrument_id AND x.session = f.session)
"""
# Prices first; the newest first; one question an instrument tells of all its doubts.
SUSPECTS = """
WITH waiting AS (
  SELECT DISTINCT ON (f.instrument_id) f.id, f.instrument_id, f.session, f.rule, f.evidence
  FROM bar_flags f
  WHERE f.state = 'open' AND f.rule <> 'provider_difference' AND NOT EXISTS (
    SELECT FROM bar_flags a WHERE a.instrument_id = f.instrument_id AND a.asked_at > %(at)s - interval '7 days')
  ORDER BY f.instrument_id, f.rule NOT IN ('jump', 'spike'), f.session DESC
), recent AS (
  SELECT count(DISTINCT instrument_id) AS count FROM bar_flags WHERE asked_at > %(at)s - interval '1 day'
)
SELECT w.id, i.symbol, w.session, b.provider
FROM waiting w JOIN instruments i ON i.id = w.instrument_id
CROSS JOIN LATERAL (
  SELECT provider FROM bars_daily b WHERE b.instrument_id = w.instrument_id AND b.session = CASE
    WHEN w.rule = 'missing_session' THEN (w.evidence ->> 'previous_session')::date ELSE w.session END OFFSET 0) b
ORDER BY w.rule NOT IN ('jump', 'spike'), w.session DESC, w.id
LIMIT greatest(0, %(most)s - (SELECT count FROM recent))
"""


async def read_pairs(database: Database, sessions: Collection[date]) -> list[BarPair]:
    """Return stored bars beside other providers' that were not compared yet, or are of one of these sessions."""
    values = {"sessions": list(sessions), "most": MOST_PAIRS}
    async with database.connection("opinions") as connection:
        rows = cast("list[tuple[Any, ...]]", await (await connection.execute(PAIRS, values)).fetchall())
    return [
        BarPair(
            instrument=row[0],
            session=row[1],
            provider=row[2],
            known_at=row[3],
            opinion_provider=row[4],
            opinion_known_at=row[5],
            stored=OneBar(**dict(zip(PRICES, row[6:11], strict=True))),
            opinion=OneBar(**dict(zip(PRICES, row[11:], strict=True))),
        )
        for row in rows
    ]


async def compare_pairs(unit: Connection, pairs: Sequence[BarPair], at: datetime) -> dict[str, int]:
    """Flag the pairs that differ, confirm the doubts about bars that agree; a provider does not confirm itself."""
    marked = [described(pair) for pair in pairs]
    told = [described(pair, difference(pair)) for pair in pairs if pair.provider != pair.opinion_provider]
    values = {"pairs": storable(told), "at": at}
    await unit.execute(MARK, {"pairs": storable(marked)})
    settled = (await unit.execute(SETTLED, values)).rowcount
    differ = (await unit.execute(DIFFER, values)).rowcount
    confirmed = (await unit.execute(CONFIRM, values)).rowcount
    confirmed += (await unit.execute(CONFIRM_HOLES, values)).rowcount
    return {"differ": differ, "confirmed": confirmed, "settled": settled}


def described(pair: BarPair, evidence: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a pair for JSON, with how it differs."""
    return {
        "instrument_id": pair.instrument,
        "session": pair.session,
        "provider": pair.opinion_provider,
        "known_at": pair.opinion_known_at,
        "bar_known_at": pair.known_at,
        "evidence": evidence,
    }


async def ask_whom(database: Database, at: datetime, most: int) -> list[Suspect]:
    """Return open flags that nobody was asked about for a week, one an instrument."""
    async with database.connection("opinions") as connection:
        rows = await (await connection.execute(SUSPECTS, {"at": at, "most": most})).fetchall()
    found = cast("list[tuple[int, str, date, str]]", rows)
    return [Suspect(flag_id=n, symbol=symbol, session=day, provider=whose) for n, symbol, day, whose in found]


async def mark_asked(unit: Connection, suspects: Sequence[Suspect], at: datetime) -> None:
    """Remember that a second provider is asked about these."""
    numbers = [suspect.flag_id for suspect in suspects]
    await unit.execute("UPDATE bar_flags SET asked_at = %s WHERE id = ANY(%s)", [at, numbers])
