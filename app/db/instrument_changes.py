"""Read on which days what is known of an instrument changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import msgspec

from app.db.instruments_past import moment
from app.ports.instrument_reads import InstrumentChange

if TYPE_CHECKING:
    from datetime import datetime

    from app.db.lanes import Lanes

# A bar that comes in these many days after its session is no news: a long weekend and a holiday pass.
IN_TIME_DAYS: Final[LiteralString] = "5"
NAMED: Final[LiteralString] = "12"
# $1 is the instrument. What a later row superseded was known first under the older one.
TOLD: Final[LiteralString] = """
  SELECT superseded_at AS at, 'bars_corrected' AS kind, session::text AS subject
  FROM bar_revisions WHERE instrument_id = $1::integer
  UNION ALL
  SELECT min(known_at), 'bars_late', session::text FROM (
    SELECT session, known_at FROM bars_daily WHERE instrument_id = $1::integer
    UNION ALL
    SELECT session, known_at FROM bar_revisions WHERE instrument_id = $1::integer) every
  GROUP BY session HAVING (min(known_at) AT TIME ZONE 'America/New_York')::date > session + {in_time}
  UNION ALL
  SELECT at, kind, ex_date::text FROM corporate_actions, unnest(ARRAY[known_at, superseded_at]) AS at
  WHERE instrument_id = $1::integer AND at IS NOT NULL
  UNION ALL
  SELECT at, CASE dataset WHEN 'profiles' THEN 'profile' ELSE 'fundamentals' END, provider
  FROM company_facts, unnest(ARRAY[known_at, superseded_at]) AS at
  WHERE instrument_id = $1::integer AND at IS NOT NULL
  UNION ALL
  SELECT at, 'earnings', report_date::text FROM earnings, unnest(ARRAY[known_at, superseded_at]) AS at
  WHERE instrument_id = $1::integer AND at IS NOT NULL
  UNION ALL
  SELECT changed_at, 'listing', symbol FROM instruments WHERE id = $1::integer
  UNION ALL
  SELECT known_at, 'listing', symbol FROM instrument_revisions WHERE instrument_id = $1::integer"""
STATEMENT: Final[LiteralString] = """
SELECT coalesce(json_agg(json_build_object(
  'on', day, 'kind', kind, 'count', count, 'earliest', earliest, 'subjects', subjects)
  ORDER BY day DESC, kind), '[]')::text
FROM (
  SELECT day, kind, count(*) AS count, min(subject) AS earliest,
    (array_agg(subject ORDER BY subject DESC))[1:{named}] AS subjects
  FROM (
    SELECT DISTINCT (at AT TIME ZONE 'America/New_York')::date AS day, kind, subject
    FROM ({told}) told WHERE at <= $2::timestamptz) each_day
  GROUP BY day, kind ORDER BY day DESC, kind LIMIT $3::integer) latest"""
CHANGES: Final[LiteralString] = (
    STATEMENT.replace("{told}", TOLD).replace("{in_time}", IN_TIME_DAYS).replace("{named}", NAMED)
)
FOUND: Final = msgspec.json.Decoder(list[InstrumentChange])


class InstrumentChanges:
    """Changes as `app.ports.instrument_reads.ChangeReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def changes(self, instrument: int, as_of: datetime | None, limit: int) -> list[InstrumentChange]:
        """Return up to `limit` changes, the latest day first."""
        rows = await self.lanes.rows("instrument_changes", CHANGES, (str(instrument), moment(as_of), str(limit)))
        return FOUND.decode(rows[0][0] or b"[]")
