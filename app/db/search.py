"""Search instruments in PostgreSQL, and read all of them for the search in memory."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, LiteralString

from app.domain import instrument_search, watermarks

if TYPE_CHECKING:
    from app.db.lanes import Lanes
    from app.domain.instrument_search import SearchTable

WATERMARK: Final[LiteralString] = """(
  SELECT string_agg(dataset || ':' || version, ',') FROM watermarks WHERE dataset = 'instruments')"""
ITEM: Final[LiteralString] = """json_build_object(
  'id', i.id, 'symbol', i.symbol, 'name', i.name, 'mic', i.mic, 'type', i.type, 'currency', i.currency,
  'sector', i.sector, 'industry', i.industry, 'cik', i.cik, 'active', i.active,
  'listed_on', i.listed_on, 'delisted_on', i.delisted_on)::text"""

# What is traded goes before what no longer is, and shares of companies before funds and trusts, wherever else they are
# equal. Behind a symbol and a name stand those that it had before.
COMMON: Final[LiteralString] = "coalesce(i.type IN ('CS', 'ADRC', 'OS', 'GDR'), false)"
ALL: Final[LiteralString] = """
SELECT {watermark},
  string_agg(translate(concat_ws(' ', i.symbol, i.name, s.symbols, r.names), E'\\n', ' '), E'\\n'),
  string_agg(translate(concat_ws(' ', i.symbol, s.symbols), E'\\n', ' '), E'\\n'), string_agg({item}, E'\\n')
FROM (SELECT * FROM instruments i ORDER BY NOT active, NOT {common}, symbol) i
LEFT JOIN (
  SELECT o.id, string_agg(DISTINCT s.symbol, ' ') AS symbols
  FROM instrument_symbols s JOIN instruments o ON o.id = s.instrument_id AND o.symbol <> s.symbol
  WHERE s.superseded_at IS NULL GROUP BY o.id) s ON s.id = i.id
LEFT JOIN (
  SELECT o.id, string_agg(DISTINCT r.name, ' ') AS names
  FROM instrument_revisions r JOIN instruments o ON o.id = r.instrument_id AND o.name <> r.name
  GROUP BY o.id) r ON r.id = i.id"""

# $1 folded text, $2 the end of what begins so, $3 full-text query, $4 limit. The tiers are the exact symbol,
# symbols that begin so, words, and similar names. Ranges, unlike LIKE, find their index in a generic plan.
FIND: Final[LiteralString] = """
SELECT {item} FROM (
  SELECT DISTINCT ON (id) id, tier, score FROM (
    SELECT id, 0 AS tier, 1.0 AS score FROM instruments WHERE lower(symbol) = $1::text
    UNION ALL
    SELECT instrument_id, 0, 0.5 FROM instrument_symbols WHERE lower(symbol) = $1::text AND superseded_at IS NULL
    UNION ALL
    (SELECT id, 1, -length(symbol) FROM instruments WHERE lower(symbol) ~>=~ $1::text AND lower(symbol) ~<~ $2::text
     ORDER BY length(symbol), symbol LIMIT $4::integer / 2)
    UNION ALL
    (SELECT id, 2, ts_rank(search, q, 2) FROM instruments i, to_tsquery('simple', $3::text) q WHERE search @@ q
     ORDER BY 3 DESC, active DESC, {common} DESC, symbol LIMIT $4::integer)
    UNION ALL
    (SELECT instrument_id, 2, 0.0 FROM instrument_revisions r, to_tsquery('simple', $3::text) q
     WHERE to_tsvector('simple', groat_unaccent(coalesce(name, ''))) @@ q LIMIT $4::integer)
    UNION ALL
    (SELECT id, 3, word_similarity($1::text, lower(groat_unaccent(symbol || ' ' || coalesce(name, ''))))
     FROM instruments
     WHERE length($1::text) > 2 AND $1::text <% lower(groat_unaccent(symbol || ' ' || coalesce(name, '')))
     ORDER BY 3 DESC, symbol LIMIT $4::integer)) found
  ORDER BY id, tier, score DESC) found
JOIN instruments i USING (id)
ORDER BY found.tier, found.score DESC, i.active DESC, {common} DESC, i.symbol LIMIT $4::integer"""

ALL_STATEMENT: Final[LiteralString] = (
    ALL.replace("{watermark}", WATERMARK).replace("{item}", ITEM).replace("{common}", COMMON)
)
FIND_STATEMENT: Final[LiteralString] = FIND.replace("{item}", ITEM).replace("{common}", COMMON)
WORDS: Final = re.compile(r"[^\W_]+")
# The last character there is: what begins with a text lies between it and the text with this behind it.
LAST: Final = "\U0010ffff"


class Search:
    """Search as `app.ports.reads.SearchReads` asks for it."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def load(self) -> SearchTable:
        """Read every instrument into a table for the search in memory."""
        rows = await self.lanes.rows("search_load", ALL_STATEMENT, ())
        watermark, names, symbols, items = (value or b"" for value in rows[0])
        version = watermarks.versions(watermark.decode()).get("instruments", 0)
        return await asyncio.to_thread(instrument_search.build, version, names, symbols, items)

    async def find(self, text: str, limit: int) -> list[bytes]:
        """Return the encoded forms of up to `limit` instruments that a text means, the best first.

        Nothing in the text is an operator: words are its letters and digits, and beginnings are a range.
        """
        folded = instrument_search.fold(text).strip().decode()
        words = WORDS.findall(folded)
        if not folded:
            return []
        full_text = " & ".join(f"{word}:*" for word in words)
        parameters = (folded, folded + LAST, full_text, str(limit))
        rows = await self.lanes.rows("search", FIND_STATEMENT, parameters)
        return [item for (item,) in rows if item is not None]
