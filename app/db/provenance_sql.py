"""The statements that find origins.

Parameters are text: $1 symbol or article, $2 as of, $3 how many, $4 day or fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from app.db.holders_sql import RENAMED, company, symbol_then
from app.domain.datasets import Dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

# What ends after the as-of has not ended yet.
STATEMENT: Final[LiteralString] = """
SELECT i.id::text, (
  SELECT json_agg(json_build_object(
    'value', r.value, 'provider', r.provider, 'known_at', r.known_at, 'superseded_at', r.ended_at,
    'fetch_id', f.id, 'asked', f.subject, 'payload_sha256', encode(f.payload_sha256, 'hex'),
    'payload_bytes', f.payload_bytes, 'step', f.step)
    ORDER BY r.ended_at IS NOT NULL, r.known_at DESC, r.provider, r.value)::text
  FROM (
    SELECT *, CASE WHEN superseded_at <= $2::timestamptz THEN superseded_at END AS ended_at
    FROM ({rows}) every WHERE known_at <= $2::timestamptz
    ORDER BY superseded_at <= $2::timestamptz AND superseded_at IS NOT NULL, known_at DESC, provider, value
    LIMIT $3::bigint) r
  LEFT JOIN fetches f ON f.id = r.fetch_id), {renamed}
FROM {subject}"""
BY_FACT: Final[LiteralString] = company("$2::timestamptz")
BY_DAY: Final[LiteralString] = company("$2::timestamptz", "($4::date + 1)")
ARTICLE: Final[LiteralString] = (
    "(VALUES (1)) q LEFT JOIN articles i ON i.id = $1::bigint AND i.known_at <= $2::timestamptz"
)
PRICES: Final[LiteralString] = (
    "'session', session, 'open', open, 'high', high, 'low', low, 'close', close, 'volume', volume"
)
BARS: Final[LiteralString] = f"""
  SELECT jsonb_build_object({PRICES}) AS value, provider, known_at, NULL::timestamptz AS superseded_at, fetch_id
  FROM bars_daily WHERE instrument_id = i.id AND session = $4::date
  UNION ALL
  SELECT jsonb_build_object({PRICES}), provider, known_at, superseded_at, fetch_id
  FROM bar_revisions WHERE instrument_id = i.id AND session = $4::date"""  # noqa: S608  only our own constants
OPINIONS: Final[LiteralString] = f"""
  SELECT jsonb_build_object({PRICES}) AS value, provider, known_at,
    lead(known_at) OVER (PARTITION BY provider ORDER BY known_at) AS superseded_at, fetch_id
  FROM bar_opinions WHERE instrument_id = i.id AND session = $4::date"""  # noqa: S608  only our own constants
SPLITS: Final[LiteralString] = """
  SELECT jsonb_build_object('ex_date', ex_date, 'split_from', split_from::text, 'split_to', split_to::text) AS value,
    provider, known_at, superseded_at, fetch_id
  FROM corporate_actions WHERE instrument_id = i.id AND kind = 'split' AND ex_date = $4::date"""
DIVIDENDS: Final[LiteralString] = """
  SELECT jsonb_build_object('ex_date', ex_date, 'cash_amount', cash_amount::text, 'currency', currency) AS value,
    provider, known_at, superseded_at, fetch_id
  FROM corporate_actions WHERE instrument_id = i.id AND kind = 'dividend' AND ex_date = $4::date"""
# A row is another one when any fact differs; what comes back is where this fact changed.
FACTS: Final[LiteralString] = """
  SELECT jsonb_build_object('fact', $4::text, 'value', value) AS value, provider, known_at,
    lead(known_at) OVER (PARTITION BY provider ORDER BY known_at) AS superseded_at, fetch_id
  FROM (
    SELECT c.facts -> $4::text AS value, c.provider, c.known_at, c.fetch_id,
      lag(c.facts -> $4::text) OVER (PARTITION BY c.provider ORDER BY c.known_at) AS before
    FROM company_facts c WHERE c.instrument_id = i.id AND c.dataset = '{dataset}') told
  WHERE value IS DISTINCT FROM before"""
QUOTES: Final[LiteralString] = """
  SELECT jsonb_build_object('at', at, 'price', price, 'open', open, 'high', high, 'low', low,
    'previous_close', previous_close, 'volume', volume) AS value, provider, known_at,
    lead(known_at) OVER (PARTITION BY provider, at ORDER BY known_at) AS superseded_at, fetch_id
  FROM quotes WHERE instrument_id = i.id
    AND at >= $4::date::timestamp AT TIME ZONE 'America/New_York'
    AND at < ($4::date + 1)::timestamp AT TIME ZONE 'America/New_York'"""
# A report that was moved to this date, or away from it, is one story.
EARNINGS: Final[LiteralString] = """
  SELECT jsonb_build_object('fiscal_year', e.fiscal_year, 'fiscal_quarter', e.fiscal_quarter,
    'report_date', e.report_date, 'report_time', e.report_time, 'eps_estimate', e.eps_estimate,
    'eps_actual', e.eps_actual, 'revenue_estimate', e.revenue_estimate, 'revenue_actual', e.revenue_actual) AS value,
    e.provider, e.known_at, e.superseded_at, e.fetch_id
  FROM earnings e WHERE e.instrument_id = i.id AND EXISTS (
    SELECT FROM earnings d
    WHERE d.instrument_id = e.instrument_id AND d.fiscal_year = e.fiscal_year AND d.fiscal_quarter = e.fiscal_quarter
      AND d.provider = e.provider AND d.report_date = $4::date AND d.known_at <= $2::timestamptz)"""
NEWS: Final[LiteralString] = """
  SELECT jsonb_build_object('kind', 'article', 'title', i.title, 'url', i.url) AS value, i.provider, i.known_at,
    NULL::timestamptz AS superseded_at, i.fetch_id
  UNION ALL
  SELECT jsonb_build_object('kind', 'sighting', 'url', url, 'ref', ref), provider, known_at, NULL, fetch_id
  FROM article_sightings WHERE article_id = i.id
  UNION ALL
  SELECT jsonb_build_object('kind', 'link', 'symbol', {symbol}, 'basis', a.basis), a.provider, a.known_at, NULL,
    a.fetch_id
  FROM article_instruments a JOIN instruments n ON n.id = a.instrument_id WHERE a.article_id = i.id
  UNION ALL
  SELECT jsonb_build_object('kind', 'sentiment', 'symbol', {symbol}, 'score', s.score, 'label', s.label), s.provider,
    s.known_at, lead(s.known_at) OVER (PARTITION BY s.instrument_id, s.provider, s.ref ORDER BY s.known_at), s.fetch_id
  FROM article_sentiments s LEFT JOIN instruments n ON n.id = s.instrument_id WHERE s.article_id = i.id"""


def statement(rows: LiteralString, subject: LiteralString = BY_DAY, renamed: LiteralString = RENAMED) -> LiteralString:
    """Return the statement that finds the origins of these rows."""
    return STATEMENT.replace("{rows}", rows).replace("{renamed}", renamed).replace("{subject}", subject)


STATEMENTS: Final[Mapping[Dataset, LiteralString]] = {
    Dataset.BARS_DAILY: statement(BARS),
    Dataset.SYMBOL_BARS: statement(OPINIONS),
    Dataset.SPLITS: statement(SPLITS),
    Dataset.DIVIDENDS: statement(DIVIDENDS),
    Dataset.PROFILES: statement(FACTS.replace("{dataset}", "profiles"), BY_FACT),
    Dataset.FUNDAMENTALS: statement(FACTS.replace("{dataset}", "fundamentals"), BY_FACT),
    Dataset.QUOTES: statement(QUOTES),
    Dataset.EARNINGS: statement(EARNINGS),
    Dataset.NEWS: statement(NEWS.replace("{symbol}", symbol_then("$2::timestamptz", "n")), ARTICLE, "NULL::text"),
}
