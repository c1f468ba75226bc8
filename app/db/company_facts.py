"""Read company facts: what each provider tells now, or told then, and how one fact changed.

Each question is one statement, hence of one snapshot, watermarks included. Parameters are text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import msgspec

from app.db.holders_sql import RENAMED, company
from app.ports.fact_reads import CompanyAnswer, FactValue, HistoryAnswer, ToldFacts

if TYPE_CHECKING:
    from app.db.lanes import Lanes
    from app.ports.fact_reads import CompanyQuery, HistoryQuery

WATERMARK: Final[LiteralString] = """(
  SELECT string_agg(dataset || ':' || version, ',' ORDER BY dataset) FROM watermarks
  WHERE dataset IN ('fundamentals', 'instruments'))"""


def filled(statement: LiteralString, as_of: LiteralString | None) -> LiteralString:
    """Put in whose facts are meant, by what is known now or was known then."""
    whole = statement.replace("{watermark}", WATERMARK).replace("{renamed}", RENAMED)
    return whole.replace("{company}", company(as_of))


# $1 symbol, $2 dataset, $3 as of.
TOLD: Final[LiteralString] = """
SELECT {watermark}, i.id::text, {renamed}, (
  SELECT json_agg(json_build_object('provider', c.provider, 'facts', c.facts, 'known_at', c.known_at)
    ORDER BY c.provider, c.known_at DESC)::text
  FROM company_facts c WHERE c.instrument_id = i.id AND c.dataset = $2 AND {visible})
FROM {company}"""
NOW: Final[LiteralString] = "c.superseded_at IS NULL"
THEN: Final[LiteralString] = (
    "c.known_at <= $3::timestamptz AND (c.superseded_at IS NULL OR c.superseded_at > $3::timestamptz)"
)
TOLD_NOW: Final = filled(TOLD, None).replace("{visible}", NOW)
TOLD_THEN: Final = filled(TOLD, "$3::timestamptz").replace("{visible}", THEN)
# $1 symbol, $2 fact, $3 as of, $4 provider or empty, $5-$7 the value to continue behind, $8 how many. What the provider
# no longer says is a change to null; what it never said is none.
CHANGES: Final[LiteralString] = """
SELECT {watermark}, i.id::text, {renamed}, (
  SELECT json_agg(json_build_object('value', p.value, 'provider', p.provider, 'dataset', p.dataset,
    'known_at', p.known_at, 'superseded_at', p.superseded_at) ORDER BY p.known_at DESC, p.dataset, p.provider)::text
  FROM (
    SELECT * FROM (
      SELECT value, provider, dataset, known_at, lead(known_at) OVER later AS superseded_at
      FROM (
        SELECT c.facts -> $2 AS value, lag(c.facts -> $2) OVER earlier AS before, c.provider, c.dataset, c.known_at
        FROM company_facts c
        WHERE c.instrument_id = i.id AND c.known_at <= $3::timestamptz AND ($4 = '' OR c.provider = $4)
        WINDOW earlier AS (PARTITION BY c.dataset, c.provider ORDER BY c.known_at)) told
      WHERE value IS DISTINCT FROM before
      WINDOW later AS (PARTITION BY dataset, provider ORDER BY known_at)) changes
    WHERE known_at < $5::timestamptz OR known_at = $5::timestamptz AND (dataset, provider) > ($6, $7)
    ORDER BY known_at DESC, dataset, provider LIMIT $8::bigint) p)
FROM {company}"""
HISTORY_OF: Final = filled(CHANGES, "$3::timestamptz")
FOR_EVER: Final = "infinity"
FACTS: Final = msgspec.json.Decoder(list[ToldFacts])
VALUES: Final = msgspec.json.Decoder(list[FactValue])


class Companies:
    """Company facts as `app.ports.fact_reads.CompanyReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def told(self, query: CompanyQuery) -> CompanyAnswer:
        """Return what each provider tells of a company, by provider's name."""
        if query.as_of is None:
            rows = await self.lanes.rows("company_facts", TOLD_NOW, (query.symbol, query.dataset.value))
        else:
            asked = (query.symbol, query.dataset.value, query.as_of.isoformat())
            rows = await self.lanes.rows("company_facts", TOLD_THEN, asked)
        [(watermark, instrument, present, told)] = rows
        found = None if instrument is None else FACTS.decode(told or b"[]")
        return CompanyAnswer(watermark=(watermark or b"").decode(), told=found, renamed=renamed(query.symbol, present))

    async def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return up to `limit` values of a fact, each where it changed."""
        known_at, dataset, provider = query.after or (None, "", "")
        asked = (
            query.symbol,
            query.fact,
            query.as_of.isoformat() if query.as_of else FOR_EVER,
            query.provider or "",
            known_at.isoformat() if known_at else FOR_EVER,
            dataset,
            provider,
            str(query.limit),
        )
        [(watermark, instrument, present, values)] = await self.lanes.rows("fact_history", HISTORY_OF, asked)
        found = None if instrument is None else VALUES.decode(values or b"[]")
        return HistoryAnswer(
            watermark=(watermark or b"").decode(), values=found, renamed=renamed(query.symbol, present)
        )


def renamed(asked: str, present: bytes | None) -> dict[str, str]:
    """Tell which symbol the instrument has that was asked for by a former one."""
    return {} if present is None else {asked: present.decode()}
