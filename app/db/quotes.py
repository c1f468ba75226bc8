"""Read quotes: each symbol's two latest bars, in one statement that never leaves the newest chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from app.db.bars_sql import SYMBOLS, WATERMARK
from app.db.joined_reads import JoinedReads
from app.ports.reads import BarText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.lanes import Lanes

# The two bars come from one backward index scan; of several splits between them (two providers) one counts.
STATEMENT: Final[LiteralString] = """
SELECT {watermark}, q.symbol, i.id::text, b.quote
FROM {symbols}
LEFT JOIN LATERAL (
  SELECT concat(
    '{"symbol":', q.quoted, ',"session":"', t.session, '","open":', t.open, ',"high":', t.high,
    ',"low":', t.low, ',"close":', t.close, ',"volume":', t.volume,
    ',"previous_close":', coalesce(p.close::text, 'null'),
    ',"change":', coalesce(round((t.close - p.close)::numeric, 6)::float8::text, 'null'),
    ',"change_percent":', coalesce(round((100 * (t.close / p.close - 1))::numeric, 4)::float8::text, 'null'),
    '}') AS quote
  FROM (
    SELECT *, lead(close) OVER w AS before, lead(session) OVER w AS day_before
    FROM (
      SELECT session, open, high, low, close, volume FROM bars_daily
      WHERE instrument_id = i.id ORDER BY session DESC LIMIT 2) two
    WINDOW w AS (ORDER BY session DESC) LIMIT 1) t
  CROSS JOIN LATERAL (
    SELECT t.before * coalesce((
      SELECT (a.split_from / a.split_to)::float8 FROM corporate_actions a
      WHERE a.instrument_id = i.id AND a.kind = 'split' AND a.superseded_at IS NULL
        AND a.ex_date > t.day_before AND a.ex_date <= t.session
      ORDER BY a.known_at, a.provider LIMIT 1), 1) AS close OFFSET 0) p) b ON true
ORDER BY q.position"""
QUOTES: Final[LiteralString] = STATEMENT.replace("{watermark}", WATERMARK).replace("{symbols}", SYMBOLS)


class Quotes:
    """Quotes as `app.ports.reads.QuoteReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.joined = JoinedReads(lanes)

    async def text(self, symbols: Sequence[str]) -> BarText:
        """Return for each symbol its Quote as a JSON object, or an empty text when it has no bar yet."""
        rows = await self.joined.rows("quotes", QUOTES, symbols)
        found: list[tuple[str, bytes]] = []
        unknown: list[str] = []
        for _, symbol, instrument, quote in rows:
            name = (symbol or b"").decode()
            if instrument is None:
                unknown.append(name)
            else:
                found.append((name, quote or b""))
        return BarText(watermark=(rows[0][0] or b"").decode() if rows else "", found=found, unknown=unknown)
