"""Read articles: the newest, or those that fit some words best, as they were known at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeVar, cast

import msgspec

from app.db.holders_sql import symbol_then
from app.ports.news import NewsDetail, NewsItem

if TYPE_CHECKING:
    from datetime import datetime

    from app.db.engine import Database
    from app.ports.news import NewsQuery

# Words that half of all articles have would be ranked for a second: the latest of those that fit are enough.
RANKED: Final = 500
ENGLISH: Final[LiteralString] = "websearch_to_tsquery('english', groat_unaccent(%(text)s))"
KNOWN: Final[LiteralString] = "(%(as_of)s::timestamptz IS NULL OR {row}.known_at <= %(as_of)s)"
SYMBOL: Final[LiteralString] = symbol_then("%(as_of)s::timestamptz")
# What an article shows besides its own words. Of a provider's scores for a symbol the latest counts.
TOLD: Final[LiteralString] = (
    """
  (SELECT coalesce(json_agg(DISTINCT {symbol} ORDER BY {symbol}), '[]') FROM article_instruments l
   JOIN instruments i ON i.id = l.instrument_id WHERE l.article_id = a.id AND {known_l})::text AS symbols,
  (SELECT coalesce(json_agg(to_json(m) ORDER BY m.symbol NULLS FIRST, m.provider), '[]') FROM (
     SELECT DISTINCT ON (s.instrument_id, s.provider) {symbol} AS symbol, s.score, s.label, s.provider, s.known_at
     FROM article_sentiments s LEFT JOIN instruments i ON i.id = s.instrument_id
     WHERE s.article_id = a.id AND {known_s}
     ORDER BY s.instrument_id, s.provider, s.known_at DESC, s.ref) m)::text AS sentiments,
  (SELECT count(*) FROM article_sightings w WHERE w.article_id = a.id AND {known_w}) AS sightings
""".replace("{known_l}", KNOWN.replace("{row}", "l"))
    .replace("{known_s}", KNOWN.replace("{row}", "s"))
    .replace("{known_w}", KNOWN.replace("{row}", "w"))
    .replace("{symbol}", SYMBOL)
)
OWN: Final[LiteralString] = (
    "a.id, a.title, a.summary, a.url, a.source, a.author, a.image_url, a.published_at, a.known_at, a.provider"
)
ONE: Final[LiteralString] = (
    """
SELECT {own}, NULL::float4 AS rank, {told},
  (SELECT json_agg(json_build_object('provider', w.provider, 'url', w.url, 'known_at', w.known_at)
     ORDER BY w.known_at, w.provider, w.ref)
   FROM article_sightings w WHERE w.article_id = a.id AND {known_w})::text AS seen,
  (SELECT coalesce(json_agg(json_build_object('symbol', {symbol}, 'provider', l.provider, 'basis', l.basis,
     'known_at', l.known_at) ORDER BY {symbol}, l.provider, l.basis), '[]')
   FROM article_instruments l JOIN instruments i ON i.id = l.instrument_id
   WHERE l.article_id = a.id AND {known_l})::text AS links
FROM articles a WHERE a.id = %(id)s AND {known_a}
""".replace("{own}", OWN)
    .replace("{told}", TOLD)
    .replace("{known_l}", KNOWN.replace("{row}", "l"))
    .replace("{known_w}", KNOWN.replace("{row}", "w"))
    .replace("{known_a}", KNOWN.replace("{row}", "a"))
    .replace("{symbol}", SYMBOL)
)
PAGE: Final[LiteralString] = """
WITH page AS MATERIALIZED ({page})
SELECT {own}, p.rank, {told} FROM page p JOIN articles a USING (id)
ORDER BY p.rank DESC, a.published_at DESC, a.id DESC
""".replace("{own}", OWN).replace("{told}", TOLD)
# The three ways to find a page: by time, by time for some companies (each one's latest are read in order), by words.
BY_TIME: Final[LiteralString] = """
  SELECT a.id, 0::float4 AS rank FROM articles a WHERE {where}
  ORDER BY a.published_at DESC, a.id DESC LIMIT %(limit)s"""
BY_COMPANY: Final[LiteralString] = """
  SELECT DISTINCT t.id, 0::float4 AS rank, t.published_at FROM unnest(%(instruments)s::integer[]) AS wanted(id)
  CROSS JOIN LATERAL (
    SELECT DISTINCT a.published_at, a.article_id AS id FROM article_instruments a
    WHERE a.instrument_id = wanted.id AND {where}
    ORDER BY a.published_at DESC, a.article_id DESC LIMIT %(limit)s) t
  ORDER BY t.published_at DESC, t.id DESC LIMIT %(limit)s"""
BY_WORDS: Final[LiteralString] = """
  SELECT r.id, r.rank FROM (
    SELECT h.id, h.published_at, ts_rank(h.search, {english}) AS rank FROM (
      SELECT a.id, a.published_at, a.search FROM articles a WHERE a.search @@ {english} AND {where}
      ORDER BY a.published_at DESC, a.id DESC LIMIT %(ranked)s) h) r
  WHERE {behind} ORDER BY r.rank DESC, r.published_at DESC, r.id DESC LIMIT %(limit)s""".replace("{english}", ENGLISH)
ABOUT: Final[LiteralString] = """EXISTS (
  SELECT FROM article_instruments l WHERE l.article_id = a.id AND l.instrument_id = ANY(%(instruments)s) AND {known})
""".replace("{known}", KNOWN.replace("{row}", "l"))
SEEN_BY: Final[LiteralString] = """EXISTS (
  SELECT FROM article_sightings w WHERE w.article_id = {id} AND w.provider = %(provider)s AND {known})
""".replace("{known}", KNOWN.replace("{row}", "w"))
Told = TypeVar("Told", NewsItem, NewsDetail)
JSON_COLUMNS: Final = ("symbols", "sentiments", "seen", "links")


class News:
    """News as `app.ports.news.NewsReads` asks for it."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def page(self, query: NewsQuery) -> list[NewsItem]:
        """Return up to `limit` articles."""
        rank, published_at, number = query.after or (None, None, None)
        values = {
            "instruments": None if query.instruments is None else list(query.instruments),
            "text": query.text,
            "from": query.from_,
            "until": query.until,
            "as_of": query.as_of,
            "provider": query.provider,
            "rank": rank,
            "published_at": published_at,
            "id": number,
            "limit": query.limit,
            "ranked": RANKED,
        }
        rows = await self._rows("news_page", PAGE.replace("{page}", page_of(query)), values)
        return [as_told(row, NewsItem, ranked=query.text is not None) for row in rows]

    async def one(self, number: int, as_of: datetime | None) -> NewsDetail | None:
        """Return an article as it was known at a time, or now; None when it was not."""
        rows = await self._rows("news_one", ONE, {"id": number, "as_of": as_of})
        return as_told(rows[0], NewsDetail, ranked=False) if rows else None

    async def _rows(self, kind: str, statement: LiteralString, values: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._database.connection(kind) as connection:
            # Planned anew each time: how rare the words are decides on the way to find them.
            cursor = await connection.execute(statement, values, prepare=False)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


def page_of(query: NewsQuery) -> LiteralString:
    """Return the statement that finds a page's articles."""
    where = [KNOWN.replace("{row}", "a")]
    if query.from_ is not None:
        where.append("a.published_at >= %(from)s")
    if query.until is not None:
        where.append("a.published_at < %(until)s")
    by_company = query.instruments is not None and query.text is None
    number: LiteralString = "a.article_id" if by_company else "a.id"
    if query.provider is not None:
        where.append(SEEN_BY.replace("{id}", number))
    if query.text is not None:
        if query.instruments is not None:
            where.append(ABOUT)
        behind: LiteralString = "true"
        if query.after is not None:
            behind = "(r.rank, r.published_at, r.id) < (%(rank)s::float4, %(published_at)s, %(id)s)"
        return BY_WORDS.replace("{where}", " AND ".join(where)).replace("{behind}", behind)
    if query.after is not None:
        where.append("(a.published_at, {id}) < (%(published_at)s, %(id)s)".replace("{id}", number))
    return (BY_COMPANY if by_company else BY_TIME).replace("{where}", " AND ".join(where))


def as_told(row: dict[str, Any], kind: type[Told], *, ranked: bool) -> Told:
    """Build what is told of an article."""
    found = {name: msgspec.json.decode(cast("str", row[name])) for name in JSON_COLUMNS if name in row}
    return msgspec.convert({**row, **found, "rank": row["rank"] if ranked else None}, kind)
