"""Read instruments over time: who was listed, who had a symbol, what was known then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import msgspec

from app.domain.instruments import Instrument
from app.ports.instrument_reads import Holding, InstrumentStory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.db.lanes import Lanes
    from app.ports.reads import InstrumentQuery

FACTS: Final[LiteralString] = "symbol, name, mic, type, currency, sector, industry, cik, active, listed_on, delisted_on"
# $1 is always the time as of which is asked; 'infinity' is now, for nothing is superseded then.
THEN: Final[LiteralString] = """(
  SELECT id, {facts} FROM instruments WHERE changed_at <= $1::timestamptz
  UNION ALL
  SELECT instrument_id, {facts} FROM instrument_revisions
  WHERE known_at <= $1::timestamptz AND superseded_at > $1::timestamptz)""".replace("{facts}", FACTS)
KNOWN: Final[LiteralString] = (
    "{t}.known_at <= $1::timestamptz AND ({t}.superseded_at IS NULL OR {t}.superseded_at > $1::timestamptz)"
)
OBJECT: Final[LiteralString] = """json_build_object('id', i.id, 'symbol', i.symbol, 'name', i.name, 'mic', i.mic,
  'type', i.type, 'currency', i.currency, 'sector', i.sector, 'industry', i.industry, 'cik', i.cik,
  'active', i.active, 'listed_on', i.listed_on, 'delisted_on', i.delisted_on)"""
# A bar in the days around tells that it was traded; a wider look would read all bars of those that were not.
TRADED: Final[LiteralString] = """EXISTS (
  SELECT FROM bars_daily b WHERE b.instrument_id = i.id AND b.session BETWEEN {range} AND b.known_at <= $1::timestamptz
  UNION ALL
  SELECT FROM bar_revisions b WHERE b.instrument_id = i.id AND b.session BETWEEN {range}
    AND b.known_at <= $1::timestamptz)"""
BEFORE: Final[LiteralString] = TRADED.replace("{range}", "$7::date - 10 AND $7::date")
AFTER: Final[LiteralString] = TRADED.replace("{range}", "$7::date AND $7::date + 10")
NOT_GONE: Final[LiteralString] = """(i.listed_on IS NULL OR i.listed_on <= $7::date)
  AND (i.delisted_on IS NULL OR i.delisted_on >= $7::date)"""
# The first day and the last are known, or told by bars.
PROVEN: Final[LiteralString] = """{not_gone} AND (i.listed_on IS NOT NULL OR {before})
  AND (i.active OR i.delisted_on IS NOT NULL OR {after})"""
FILTERS: Final[LiteralString] = """($4::text IS NULL OR i.sector = $4::text)
  AND ($5::text IS NULL OR i.mic = $5::text) AND ($6::boolean IS NULL OR i.active = $6::boolean)"""
LISTED: Final[LiteralString] = """
SELECT {object}::text FROM (SELECT * FROM {then} u ORDER BY symbol, id OFFSET 0) i
WHERE ($2::text IS NULL OR (i.symbol, i.id) > ($2::text, $3::integer)) AND {filters}
  AND ($7::date IS NULL OR ({proven})) LIMIT $8::integer"""
UNDATED: Final[LiteralString] = """
SELECT count(*)::text FROM {then} i
WHERE $2::text IS NULL AND $3::integer IS NULL AND $8::integer > 0 AND {filters} AND {not_gone} AND NOT ({proven})"""
HOLDERS: Final[LiteralString] = """
SELECT coalesce(json_agg(json_build_object(
  'instrument', {object}, 'valid_from', s.valid_from, 'valid_to', s.valid_to)
  ORDER BY s.valid_to NULLS LAST, s.id), '[]')::text
FROM instrument_symbols s JOIN {then} i ON i.id = s.instrument_id WHERE s.symbol = $2::text AND {known}"""
# What was superseded after the time asked for was not superseded then.
STORY: Final[LiteralString] = """
SELECT json_build_object(
  'symbols', (SELECT coalesce(json_agg(json_build_object('symbol', s.symbol, 'valid_from', s.valid_from,
      'valid_to', s.valid_to, 'provider', s.provider, 'known_at', s.known_at)
      ORDER BY s.valid_to NULLS LAST, s.id), '[]')
    FROM instrument_symbols s WHERE s.instrument_id = $2::integer AND {symbol_known}),
  'facts', (SELECT coalesce(json_agg(json_build_object('symbol', symbol, 'name', name, 'mic', mic, 'type', type,
      'currency', currency, 'sector', sector, 'industry', industry, 'cik', cik, 'active', active,
      'listed_on', listed_on, 'delisted_on', delisted_on, 'provider', provider, 'known_at', known_at,
      'superseded_at', CASE WHEN superseded_at <= $1::timestamptz THEN superseded_at END) ORDER BY known_at), '[]')
    FROM (
      SELECT {facts}, provider, changed_at AS known_at, NULL::timestamptz AS superseded_at
      FROM instruments WHERE id = $2::integer
      UNION ALL
      SELECT {facts}, provider, known_at, superseded_at FROM instrument_revisions WHERE instrument_id = $2::integer) f
    WHERE f.known_at <= $1::timestamptz),
  'memberships', (SELECT coalesce(json_agg(json_build_object('index', m.index, 'symbol', m.symbol, 'name', m.name,
      'joined_on', m.joined_on, 'left_on', m.left_on, 'source', m.source, 'known_at', m.known_at)
      ORDER BY m.joined_on, m.id), '[]')
    FROM index_memberships m
    WHERE m.instrument_id = $2::integer AND m.linked_at <= $1::timestamptz AND {member_known}))::text"""


def filled(statement: LiteralString) -> LiteralString:
    """Put the parts into a statement."""
    whole = statement.replace("{proven}", PROVEN).replace("{not_gone}", NOT_GONE).replace("{before}", BEFORE)
    whole = whole.replace("{after}", AFTER).replace("{filters}", FILTERS).replace("{then}", THEN)
    for name, table in (("{known}", "s"), ("{symbol_known}", "s"), ("{member_known}", "m")):
        whole = whole.replace(name, KNOWN.replace("{t}", table))
    return whole.replace("{object}", OBJECT).replace("{facts}", FACTS)


LISTED_STATEMENT: Final[LiteralString] = filled(LISTED)
UNDATED_STATEMENT: Final[LiteralString] = filled(UNDATED)
HOLDERS_STATEMENT: Final[LiteralString] = filled(HOLDERS)
STORY_STATEMENT: Final[LiteralString] = filled(STORY)
ONE: Final = msgspec.json.Decoder(Instrument)
MANY: Final = msgspec.json.Decoder(list[Holding])
WHOLE: Final = msgspec.json.Decoder(InstrumentStory)


class PastInstruments:
    """Instruments over time as `app.ports.instrument_reads.PastInstrumentReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def listed(self, query: InstrumentQuery) -> Sequence[Instrument]:
        """Return up to `limit` instruments by symbol, as they were known, and listed, then."""
        rows = await self.lanes.rows("instruments_listed", LISTED_STATEMENT, parameters(query))
        return [ONE.decode(text) for (text,) in rows if text is not None]

    async def undated(self, query: InstrumentQuery) -> int:
        """Count those that were not gone on the day, but of which nothing tells that they were listed already."""
        rows = await self.lanes.rows("instruments_undated", UNDATED_STATEMENT, parameters(query))
        return int(rows[0][0] or b"0")

    async def holders(self, symbol: str, as_of: datetime | None) -> list[Holding]:
        """Return every instrument that has, or had, a symbol."""
        rows = await self.lanes.rows("instrument_holders", HOLDERS_STATEMENT, (moment(as_of), symbol))
        return MANY.decode(rows[0][0] or b"[]")

    async def story(self, instrument: int, as_of: datetime | None) -> InstrumentStory:
        """Return an instrument's symbols, facts and memberships, the oldest first."""
        rows = await self.lanes.rows("instrument_story", STORY_STATEMENT, (moment(as_of), str(instrument)))
        return WHOLE.decode(rows[0][0] or b"")


def moment(as_of: datetime | None) -> str:
    """Write an as-of for PostgreSQL; now is the end of time."""
    return "infinity" if as_of is None else as_of.isoformat()


def parameters(query: InstrumentQuery) -> tuple[str | None, ...]:
    """Return the statements' parameters."""
    symbol, number = query.after or (None, None)
    return (
        moment(query.as_of),
        symbol,
        None if number is None else str(number),
        query.sector,
        query.mic,
        None if query.active is None else str(query.active),
        None if query.listed_on is None else query.listed_on.isoformat(),
        str(query.limit),
    )
