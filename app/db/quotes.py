"""Read quotes: each symbol's latest bar or provider's quote, in one statement.

Now it never leaves the newest chunk; as of a time it reads what was known then. Parameters are text: $1 symbols,
$2 as of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from app.db.holders_sql import RENAMED, holder, symbols
from app.db.joined_reads import JoinedReads
from app.ports.reads import BarText, QuoteSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.db.lanes import Lanes

WATERMARK: Final[LiteralString] = """(
  SELECT string_agg(dataset || ':' || version, ',' ORDER BY dataset) FROM watermarks
  WHERE dataset IN ('bars_daily', 'corporate_actions', 'instruments', 'quotes'))"""
STATEMENT: Final[LiteralString] = """
SELECT {watermark}, q.symbol, i.id::text, {chosen}, {renamed}
FROM {symbols}
{sources}
ORDER BY q.position"""
CHANGE: Final[LiteralString] = """
    ',"previous_close":', coalesce(p.close::text, 'null'),
    ',"change":', coalesce(round((t.close - p.close)::numeric, 6)::float8::text, 'null'),
    ',"change_percent":', coalesce(round((100 * (t.close / p.close - 1))::numeric, 4)::float8::text, 'null'),"""

# The two bars come from one backward index scan; of several splits between them (two providers) one counts.
BAR: Final[LiteralString] = """LEFT JOIN LATERAL (
  SELECT m.at, concat(
    '{"symbol":', q.quoted, ',"session":"', t.session, '","open":', t.open, ',"high":', t.high,
    ',"low":', t.low, ',"close":', t.close, ',"volume":', t.volume,{change}
    ',"at":', to_json(m.at), ',"source":"bar","provider":', to_json(t.provider), '}') AS quote
  FROM (
    SELECT *, lead(close) OVER w AS before, lead(session) OVER w AS day_before
    FROM ({bars} ORDER BY session DESC LIMIT 2) two
    WINDOW w AS (ORDER BY session DESC) LIMIT 1) t
  CROSS JOIN LATERAL (
    SELECT coalesce(
      (SELECT s.close_at FROM sessions s WHERE s.mic = 'XNYS' AND s.session = t.session),
      (t.session + time '16:00') AT TIME ZONE 'America/New_York') AS at OFFSET 0) m
  CROSS JOIN LATERAL (
    SELECT t.before * coalesce((
      SELECT (a.split_from / a.split_to)::float8 FROM corporate_actions a
      WHERE a.instrument_id = i.id AND a.kind = 'split' AND {action}
        AND a.ex_date > t.day_before AND a.ex_date <= t.session
      ORDER BY a.known_at, a.provider LIMIT 1), 1) AS close OFFSET 0) p) b ON true
"""
# A provider says itself what the close before was; where it does not, nobody makes it up.
TOLD: Final[LiteralString] = """LEFT JOIN LATERAL (
  SELECT t.at, concat(
    '{"symbol":', q.quoted, ',"session":"', (t.at AT TIME ZONE 'America/New_York')::date,
    '","open":', coalesce(t.open::text, 'null'), ',"high":', coalesce(t.high::text, 'null'),
    ',"low":', coalesce(t.low::text, 'null'), ',"close":', t.close,
    ',"volume":', coalesce(t.volume::text, 'null'),{change}
    ',"at":', to_json(t.at), ',"source":"provider","provider":', to_json(t.provider), '}') AS quote
  FROM (
    SELECT at, price AS close, open, high, low, volume, previous_close, provider FROM quotes
    WHERE instrument_id = i.id AND {known} ORDER BY at DESC, known_at DESC, provider LIMIT 1) t
  CROSS JOIN LATERAL (SELECT t.previous_close AS close) p) n ON true
"""
COLUMNS: Final[LiteralString] = "session, open, high, low, close, volume, provider"
BARS_NOW: Final[LiteralString] = f"SELECT {COLUMNS} FROM bars_daily WHERE instrument_id = i.id"  # noqa: S608  constants
BARS_THEN: Final[LiteralString] = f"""SELECT * FROM (
      (SELECT {COLUMNS} FROM bars_daily
       WHERE instrument_id = i.id AND known_at <= $2::timestamptz ORDER BY session DESC LIMIT 2)
      UNION ALL
      (SELECT {COLUMNS} FROM bar_revisions
       WHERE instrument_id = i.id AND known_at <= $2::timestamptz AND superseded_at > $2::timestamptz
       ORDER BY session DESC LIMIT 2)) known"""  # noqa: S608  only our own constants
SPLIT_NOW: Final[LiteralString] = "a.superseded_at IS NULL"
SPLIT_THEN: Final[LiteralString] = (
    "a.known_at <= $2::timestamptz AND (a.superseded_at IS NULL OR a.superseded_at > $2::timestamptz)"
)
CHOSEN: Final[dict[QuoteSource, tuple[LiteralString, LiteralString]]] = {
    QuoteSource.LATEST: ("CASE WHEN n.at > b.at OR b.at IS NULL THEN n.quote ELSE b.quote END", BAR + TOLD),
    QuoteSource.BARS: ("b.quote", BAR),
    QuoteSource.PROVIDERS: ("n.quote", TOLD),
}


def statement(source: QuoteSource, *, then: bool) -> LiteralString:
    """Return the statement for a source, for what is known now or for what was known then."""
    chosen, sources = CHOSEN[source]
    filled = sources.replace("{change}", CHANGE).replace("{bars}", BARS_THEN if then else BARS_NOW)
    filled = filled.replace("{action}", SPLIT_THEN if then else SPLIT_NOW)
    filled = filled.replace("{known}", "known_at <= $2::timestamptz" if then else "true")
    head = STATEMENT.replace("{watermark}", WATERMARK).replace("{chosen}", chosen).replace("{renamed}", RENAMED)
    meant = holder("$2::timestamptz" if then else None)
    return head.replace("{symbols}", symbols(meant)).replace("{sources}", filled)


STATEMENTS: Final = {(source, then): statement(source, then=then) for source in QuoteSource for then in (False, True)}


class Quotes:
    """Quotes as `app.ports.reads.QuoteReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.joined = JoinedReads(lanes)

    async def text(
        self, symbols: Sequence[str], source: QuoteSource = QuoteSource.LATEST, as_of: datetime | None = None
    ) -> BarText:
        """Return for each symbol its Quote as a JSON object, or an empty text when there is none yet."""
        rest = () if as_of is None else (as_of.isoformat(),)
        rows = await self.joined.rows("quotes", STATEMENTS[source, as_of is not None], symbols, rest)
        found: list[tuple[str, bytes]] = []
        unknown: list[str] = []
        renamed: dict[str, str] = {}
        for _, symbol, instrument, quote, present in rows:
            name = (symbol or b"").decode()
            if present is not None:
                renamed[name] = present.decode()
            if instrument is None:
                unknown.append(name)
            else:
                found.append((name, quote or b""))
        watermark = (rows[0][0] or b"").decode() if rows else ""
        return BarText(watermark=watermark, found=found, unknown=unknown, renamed=renamed)
