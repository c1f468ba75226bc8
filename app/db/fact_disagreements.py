"""Find facts that providers tell differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import msgspec

from app.db.holders_sql import instruments_then
from app.db.lanes import array_literal
from app.domain.fundamentals import FUNDAMENTALS, TOLERANCES
from app.ports.fact_reads import Disagreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.lanes import Lanes
    from app.ports.fact_reads import DisagreementQuery

# $1 tolerances by fact, $2 instruments or NULL, $3 and $4 the pair to continue behind, $5 how many, $6 as of. A symbol
# that passed on to another company is its present holder's.
STATEMENT: Final[LiteralString] = """
WITH tolerances AS MATERIALIZED (SELECT key AS fact, value::float8 AS tolerance FROM jsonb_each_text($1::jsonb))
SELECT json_agg(d ORDER BY d.symbol, d.subject)::text
FROM (
  SELECT i.symbol, f.*
  FROM {instruments} i
  CROSS JOIN LATERAL (
    SELECT v.fact AS subject, (max(v.value) - min(v.value)) / max(abs(v.value)) AS difference, v.tolerance,
      json_agg(json_build_object('provider', v.provider, 'value', v.value, 'known_at', v.known_at)
        ORDER BY v.provider) AS opinions
    FROM (
      SELECT t.fact, t.tolerance, (c.facts ->> t.fact)::float8 AS value, c.provider, c.known_at
      FROM company_facts c JOIN tolerances t ON jsonb_exists(c.facts, t.fact)
      WHERE c.instrument_id = i.id AND c.dataset = 'fundamentals' AND {visible}) v
    GROUP BY v.fact, v.tolerance
    HAVING count(*) > 1 AND max(v.value) - min(v.value) > v.tolerance * max(abs(v.value))) f
  WHERE ($2::integer[] IS NULL OR i.id = ANY ($2::integer[])) AND i.symbol >= $3 AND (i.symbol, f.subject) > ($3, $4)
    AND NOT EXISTS (
      SELECT FROM {instruments} h WHERE h.symbol = i.symbol AND h.id <> i.id
        AND (h.active, coalesce(h.delisted_on, 'infinity'), h.id)
          > (i.active, coalesce(i.delisted_on, 'infinity'), i.id))
  ORDER BY i.symbol, f.subject LIMIT $5::bigint) d"""
NOW: Final = STATEMENT.replace("{instruments}", "instruments").replace("{visible}", "c.superseded_at IS NULL")
THEN: Final = STATEMENT.replace("{instruments}", instruments_then("$6::timestamptz")).replace(
    "{visible}", "c.known_at <= $6::timestamptz AND (c.superseded_at IS NULL OR c.superseded_at > $6::timestamptz)"
)
LIMITS: Final = {name: TOLERANCES[spec.unit] for name, spec in FUNDAMENTALS.items() if spec.unit in TOLERANCES}
FOUND: Final = msgspec.json.Decoder(list[Disagreement])


class FactDisagreements:
    """Disagreements about fundamentals as `app.ports.fact_reads.DisagreementReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def page(self, query: DisagreementQuery) -> Sequence[Disagreement]:
        """Return up to `limit` disagreements by symbol and fact."""
        numbers = None if query.instruments is None else array_literal([str(number) for number in query.instruments])
        behind = query.after or ("", "")
        asked = (msgspec.json.encode(LIMITS).decode(), numbers, *behind, str(query.limit))
        if query.as_of is None:
            rows = await self.lanes.rows("fact_disagreements", NOW, asked)
        else:
            rows = await self.lanes.rows("fact_disagreements", THEN, (*asked, query.as_of.isoformat()))
        return FOUND.decode(rows[0][0] or b"[]")
