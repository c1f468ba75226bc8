"""The statements that read the market by session, for what is known now and for what was known then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

if TYPE_CHECKING:
    from datetime import datetime

NEWEST: Final[LiteralString] = """
SELECT (SELECT session FROM bar_sessions WHERE session <= %(until)s AND stored > 0 ORDER BY session DESC LIMIT 1)"""
CALENDAR: Final[LiteralString] = """
SELECT s.session, s.close_at, coalesce(b.stored, 0) FROM sessions s LEFT JOIN bar_sessions b ON b.session = s.session
WHERE s.mic = %(mic)s AND s.session <= %(last)s ORDER BY s.session DESC LIMIT %(count)s"""
# Common shares, receipts of foreign ones among them, and what no provider has named the type of yet. An instrument's
# bars lie side by side in its key; each column comes packed in network order, so that reading costs little a bar.
PANEL: Final[LiteralString] = """
SELECT i.id, i.symbol, i.name, coalesce(i.sector, (
    SELECT f.facts ->> 'sector' FROM company_facts f
    WHERE f.instrument_id = i.id AND f.dataset IN ('profiles', 'fundamentals') AND f.facts ? 'sector' AND {fact}
    ORDER BY f.provider, f.dataset, f.known_at DESC LIMIT 1)), b.*
FROM {instruments} i
CROSS JOIN LATERAL (
  SELECT string_agg(date_send(session), ''::bytea), string_agg(float8send(open), ''::bytea),
    string_agg(float8send(high), ''::bytea), string_agg(float8send(low), ''::bytea),
    string_agg(float8send(close), ''::bytea), string_agg(float8send(volume), ''::bytea)
  FROM (SELECT * FROM ({bars}) known WHERE session BETWEEN %(first)s AND %(last)s) s
  HAVING count(*) > 0
) b
WHERE i.type IS NULL OR i.type IN ('CS', 'ADRC', 'NYRS', 'OS', 'GDR')
ORDER BY i.symbol, i.id"""
# Where providers tell of the same action, the one that told first is heard, as by reads of bars.
ACTIONS: Final[LiteralString] = """
SELECT a.instrument_id, a.ex_date, a.split_from, a.split_to, a.cash_amount
FROM (
  SELECT c.*, first_value(c.provider) OVER (
    PARTITION BY c.instrument_id, c.kind, c.ex_date ORDER BY c.known_at, c.provider) AS voice
  FROM corporate_actions c WHERE c.ex_date > %(first)s AND c.ex_date <= %(last)s AND {action}
) a JOIN instruments i ON i.id = a.instrument_id
WHERE a.provider = a.voice AND NOT coalesce(lower(a.currency) <> lower(i.currency), false)"""
TENURES: Final[LiteralString] = """
SELECT m.instrument_id, m.joined_on, m.left_on FROM index_memberships m
WHERE m.index = %(index)s AND m.instrument_id IS NOT NULL AND m.joined_on <= %(last)s
  AND (m.left_on IS NULL OR m.left_on > %(first)s) AND {member}"""
# From the session backwards: the first earlier bar that is as high ends the search, for most after a few.
EARLIER: Final[LiteralString] = """(
  SELECT true FROM ({bars}) b WHERE b.session >= %(first)s AND b.session < %(session)s AND {beyond}
  ORDER BY b.session DESC LIMIT 1)"""
# What an earlier price is multiplied by; 1 for all but those few that were split meanwhile.
FACTOR: Final[LiteralString] = """(
  SELECT coalesce(exp(sum(ln(s.split_from / s.split_to))), 1)::float8 FROM (
    SELECT DISTINCT ON (a.ex_date) a.split_from, a.split_to FROM corporate_actions a
    WHERE a.instrument_id = i.id AND a.kind = 'split' AND a.ex_date > b.session AND a.ex_date <= %(session)s
      AND {action} ORDER BY a.ex_date, a.known_at, a.provider) s)"""
# Restating rounds: a price that is the same but for that is as high.
HIGH_SPLIT: Final[LiteralString] = "b.high * {factor} >= d.high * (1 - 1e-9)"
LOW_SPLIT: Final[LiteralString] = "b.low * {factor} <= d.low * (1 + 1e-9)"
EXTREMES_PARTS: Final[LiteralString] = """
WITH oldest AS MATERIALIZED (
  SELECT u.id, o.session FROM unnest(%(ids)s::integer[]) AS u (id) CROSS JOIN LATERAL (
    SELECT session FROM (SELECT u.id) i CROSS JOIN LATERAL ({bars}) k
    WHERE session >= %(first)s AND session < %(session)s ORDER BY session LIMIT 1) o
)
SELECT (SELECT min(session) FROM oldest),
  count(*)::int, count(*) FILTER (WHERE is_high)::int, count(*) FILTER (WHERE is_low)::int
FROM oldest i
CROSS JOIN LATERAL (SELECT high, low FROM ({bars}) k WHERE session = %(session)s) d
CROSS JOIN LATERAL (SELECT EXISTS (
  SELECT FROM corporate_actions a WHERE a.instrument_id = i.id AND a.kind = 'split'
    AND a.ex_date > %(first)s AND a.ex_date <= %(session)s AND {action}) AS is_split OFFSET 0) s
CROSS JOIN LATERAL (SELECT
  CASE WHEN s.is_split THEN {high_split} ELSE {high} END IS NULL AS is_high,
  CASE WHEN s.is_split THEN {low_split} ELSE {low} END IS NULL AS is_low OFFSET 0) e
WHERE i.session <= (SELECT min(session) FROM oldest) + %(month)s::integer"""


def extremes() -> LiteralString:
    """Return the statement that counts new highs and lows."""
    filled = EXTREMES_PARTS.replace("{high}", EARLIER.replace("{beyond}", "b.high >= d.high"))
    filled = filled.replace("{low}", EARLIER.replace("{beyond}", "b.low <= d.low"))
    filled = filled.replace("{high_split}", EARLIER.replace("{beyond}", HIGH_SPLIT))
    filled = filled.replace("{low_split}", EARLIER.replace("{beyond}", LOW_SPLIT))
    return filled.replace("{factor}", FACTOR)


EXTREMES: Final[LiteralString] = extremes()
BARS_NOW: Final[LiteralString] = (
    "SELECT session, open, high, low, close, volume FROM bars_daily WHERE instrument_id = i.id"
)
BARS_THEN: Final[LiteralString] = """
  SELECT session, open, high, low, close, volume FROM bars_daily
  WHERE instrument_id = i.id AND known_at <= %(as_of)s
  UNION ALL
  SELECT session, open, high, low, close, volume FROM bar_revisions
  WHERE instrument_id = i.id AND known_at <= %(as_of)s AND superseded_at > %(as_of)s"""
KNOWN: Final[LiteralString] = (
    "{t}.known_at <= %(as_of)s AND ({t}.superseded_at IS NULL OR {t}.superseded_at > %(as_of)s)"
)
INSTRUMENTS_THEN: Final[LiteralString] = """(
  SELECT id, symbol, name, type, sector FROM instruments WHERE changed_at <= %(as_of)s
  UNION ALL
  SELECT instrument_id, symbol, name, type, sector FROM instrument_revisions
  WHERE known_at <= %(as_of)s AND superseded_at > %(as_of)s)"""


def statement(parts: LiteralString, as_of: datetime | None) -> LiteralString:
    """Return a statement for what is known now, or for what was known at a moment."""
    if as_of is None:
        filled = parts.replace("{bars}", BARS_NOW).replace("{instruments}", "instruments")
        return (
            filled.replace("{action}", "superseded_at IS NULL")
            .replace("{member}", "m.superseded_at IS NULL")
            .replace("{fact}", "f.superseded_at IS NULL")
        )
    filled = parts.replace("{bars}", BARS_THEN).replace("{instruments}", INSTRUMENTS_THEN)
    filled = filled.replace("{member}", "m.linked_at <= %(as_of)s AND " + KNOWN.replace("{t}.", "m."))
    return filled.replace("{action}", KNOWN.replace("{t}.", "")).replace("{fact}", KNOWN.replace("{t}.", "f."))
