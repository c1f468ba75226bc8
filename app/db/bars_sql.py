"""The statements that read bars, for what is known now and for what was known then.

Each answers for many symbols in one statement, hence from one snapshot, watermarks included. Parameters
are text: $1 symbols, $2 from, $3 until, $4 kinds of actions, $5 today, $6 as of.
"""

from __future__ import annotations

from typing import Final, LiteralString

from app.db.holders_sql import RENAMED, holder, symbols

WATERMARK: Final[LiteralString] = """(
  SELECT string_agg(dataset || ':' || version, ',' ORDER BY dataset) FROM watermarks
  WHERE dataset IN ('bars_daily', 'corporate_actions', 'instruments'))"""

# Of a former symbol the days that are asked for tell whose it is.
HOLDER_NOW: Final[LiteralString] = holder(until="$3::date")
HOLDER_THEN: Final[LiteralString] = holder("$6::timestamptz", "$3::date")

NOW: Final[LiteralString] = """
  SELECT session, open, high, low, close, volume FROM bars_daily
  WHERE instrument_id = i.id AND {range}"""

THEN: Final[LiteralString] = """
  SELECT session, open, high, low, close, volume FROM bars_daily
  WHERE instrument_id = i.id AND {range} AND known_at <= $6::timestamptz
  UNION ALL
  SELECT session, open, high, low, close, volume FROM bar_revisions
  WHERE instrument_id = i.id AND {range}
    AND known_at <= $6::timestamptz AND superseded_at > $6::timestamptz"""

IN_RANGE: Final[LiteralString] = "session >= $2::date AND session < $3::date"
ACTION_NOW: Final[LiteralString] = "a.superseded_at IS NULL"
ACTION_THEN: Final[LiteralString] = (
    "a.known_at <= $6::timestamptz AND (a.superseded_at IS NULL OR a.superseded_at > $6::timestamptz)"
)

# A split before the range ends nothing; one after it, up to today, restates all of it.
APPLIES: Final[LiteralString] = """
  a.instrument_id = i.id AND a.kind = ANY ($4::text[]) AND a.ex_date > $2::date AND a.ex_date <= $5::date"""

# The text is null where an action applies: what is stored is not the answer then.
TEXT: Final[LiteralString] = """
SELECT {watermark}, q.symbol, i.id::text,
  CASE WHEN EXISTS (SELECT FROM corporate_actions a WHERE {applies} AND a.superseded_at IS NULL) THEN NULL
  ELSE (SELECT {text} FROM ({bars} ORDER BY session) b) END, {renamed}
FROM {symbols}
ORDER BY q.position"""

COLUMNS: Final[LiteralString] = """concat(
  '"session":[', string_agg('"' || session || '"', ','),
  '],"open":[', string_agg(open::text, ','), '],"high":[', string_agg(high::text, ','),
  '],"low":[', string_agg(low::text, ','), '],"close":[', string_agg(close::text, ','),
  '],"volume":[', string_agg(volume::text, ','), ']')"""

ROWS: Final[LiteralString] = """coalesce(string_agg(concat(
  '{"symbol":', q.quoted, ',"session":"', session, '","open":', open, ',"high":', high,
  ',"low":', low, ',"close":', close, ',"volume":', volume, '}'), ','), '')"""

# One row an instrument: each column packed in network order, so that reading costs nothing a bar.
RAW: Final[LiteralString] = """
SELECT {watermark}, q.symbol, i.id::text, b.*, (
  SELECT json_agg(json_build_object(
    'kind', a.kind, 'ex_date', a.ex_date, 'split_from', a.split_from::text, 'split_to', a.split_to::text,
    'cash_amount', a.cash_amount::text, 'foreign', coalesce(lower(a.currency) <> lower(i.currency), false),
    'close_before', p.close, 'session_before', p.session) ORDER BY a.ex_date, a.id)::text
  FROM (
    SELECT a.*, first_value(a.provider) OVER (PARTITION BY a.kind, a.ex_date ORDER BY a.known_at, a.provider) AS voice
    FROM corporate_actions a WHERE {applies} AND {visible}) a
  LEFT JOIN LATERAL ({before} ORDER BY session DESC LIMIT 1) p ON a.kind = 'dividend'
  WHERE a.provider = a.voice), {renamed}
FROM {symbols}
LEFT JOIN LATERAL (
  SELECT string_agg(date_send(session), ''::bytea), string_agg(float8send(open), ''::bytea),
    string_agg(float8send(high), ''::bytea), string_agg(float8send(low), ''::bytea),
    string_agg(float8send(close), ''::bytea), string_agg(float8send(volume), ''::bytea)
  FROM (SELECT * FROM ({bars}) u ORDER BY session) s) b ON true
ORDER BY q.position"""

COUNT: Final[LiteralString] = """
SELECT count(*)::text FROM unnest($1::text[]) AS q (symbol) CROSS JOIN LATERAL ({holder}) i
JOIN bars_daily b ON b.instrument_id = i.id AND b.session >= $2::date AND b.session < $3::date""".replace(
    "{holder}", HOLDER_NOW
)


def text_statement(text: LiteralString) -> LiteralString:
    """Return the statement that writes JSON text."""
    filled = TEXT.replace("{watermark}", WATERMARK).replace("{applies}", APPLIES).replace("{text}", text)
    filled = filled.replace("{bars}", NOW).replace("{range}", IN_RANGE).replace("{renamed}", RENAMED)
    return filled.replace("{symbols}", symbols(HOLDER_NOW))


def raw_statement(bars: LiteralString, visible: LiteralString, meant: LiteralString) -> LiteralString:
    """Return the statement that reads packed columns and actions."""
    before = bars.replace("{range}", "session < a.ex_date")
    within = bars.replace("{range}", IN_RANGE)
    filled = RAW.replace("{watermark}", WATERMARK).replace("{applies}", APPLIES).replace("{visible}", visible)
    filled = filled.replace("{before}", before).replace("{bars}", within).replace("{renamed}", RENAMED)
    return filled.replace("{symbols}", symbols(meant))


TEXT_COLUMNS: Final[LiteralString] = text_statement(COLUMNS)
TEXT_ROWS: Final[LiteralString] = text_statement(ROWS)
RAW_NOW: Final[LiteralString] = raw_statement(NOW, ACTION_NOW, HOLDER_NOW)
RAW_THEN: Final[LiteralString] = raw_statement(THEN, ACTION_THEN, HOLDER_THEN)
