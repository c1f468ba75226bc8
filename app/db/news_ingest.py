"""Store articles: one row a story, however often it comes; what is told of it later is added, never written over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.db.listing import CURRENT_ID
from app.domain.datasets import Watermark
from app.domain.news_stories import SAME_TITLE_WITHIN, Match, Namesake, keys_of, resolve
from app.ports.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.db.engine import Connection
    from app.domain.news_stories import Keys
    from app.ports.news import LinkedArticle
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched

# One writer at a time, for the milliseconds that a reply takes: two that bring the same story must see each other. A
# statement of its own: the next one then sees what was committed while this one waited.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('articles'), 0)"
MATCH = """
SELECT s.article_id, u.article_id, t.ids, t.times
FROM jsonb_to_recordset(%(rows)s::text::jsonb)
  AS k(n integer, ref text, url_key text, title_key text, published_at timestamptz)
LEFT JOIN article_sightings s ON s.provider = %(provider)s AND s.ref = k.ref
LEFT JOIN LATERAL (
  SELECT article_id FROM article_sightings WHERE url_key = k.url_key ORDER BY article_id LIMIT 1) u ON true
LEFT JOIN LATERAL (
  SELECT array_agg(id ORDER BY id) AS ids, array_agg(published_at ORDER BY id) AS times FROM articles
  WHERE title_key = k.title_key AND published_at BETWEEN k.published_at - %(within)s AND k.published_at + %(within)s
) t ON true
ORDER BY k.n
"""
NUMBERS = "SELECT nextval(pg_get_serial_sequence('articles', 'id')) FROM generate_series(1, %s)"
ADD = """
INSERT INTO articles (id, url, url_key, title, title_key, source, author, summary, image_url, published_at, provider,
  fetch_id, known_at) OVERRIDING SYSTEM VALUE
SELECT story, url, url_key, title, title_key, source, author, summary, image_url, published_at, %(provider)s,
  %(fetch)s, %(now)s
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(
  story bigint, url text, url_key text, title text, title_key text, source text, author text, summary text,
  image_url text, published_at timestamptz)
"""
# Nothing about an article is known before the article: two workers' clocks may have been read in another order than
# that in which they came to the lock.
SIGHT = """
INSERT INTO article_sightings (article_id, provider, ref, url, url_key, fetch_id, known_at)
SELECT a.id, %(provider)s, r.ref, r.url, r.url_key, %(fetch)s, greatest(%(now)s, a.known_at)
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(n integer, story bigint, ref text, url text, url_key text)
JOIN articles a ON a.id = r.story ORDER BY r.n
ON CONFLICT DO NOTHING RETURNING ref
"""
LINK = """
INSERT INTO article_instruments (instrument_id, published_at, article_id, provider, basis, fetch_id, known_at)
SELECT i.id, a.published_at, a.id, %(provider)s, r.basis, %(fetch)s, greatest(%(now)s, a.known_at)
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(story bigint, symbol text, basis text)
JOIN articles a ON a.id = r.story JOIN instruments i ON i.id = {meant}
ON CONFLICT DO NOTHING RETURNING article_id
""".replace("{meant}", CURRENT_ID.replace("{symbol}", "r.symbol"))
SCORE = """
INSERT INTO article_sentiments (article_id, instrument_id, provider, ref, score, label, fetch_id, known_at)
SELECT a.id, coalesce(i.id, 0), %(provider)s, r.ref, r.score, r.label, %(fetch)s,
  greatest(%(now)s, a.known_at, was.known_at + interval '1 microsecond')
FROM (
  SELECT DISTINCT ON (ref, symbol) *
  FROM jsonb_to_recordset(%(rows)s::text::jsonb)
    AS x(n integer, story bigint, ref text, symbol text, score float8, label text)
  ORDER BY ref, symbol, n
) r
JOIN articles a ON a.id = r.story LEFT JOIN instruments i ON i.id = {meant}
LEFT JOIN LATERAL (
  SELECT score, label, known_at FROM article_sentiments
  WHERE article_id = a.id AND instrument_id = coalesce(i.id, 0) AND provider = %(provider)s AND ref = r.ref
  ORDER BY known_at DESC LIMIT 1
) was ON true
WHERE (r.symbol IS NULL OR i.id IS NOT NULL)
  AND (was.known_at IS NULL OR (was.score, was.label) IS DISTINCT FROM (r.score, r.label))
RETURNING article_id
""".replace("{meant}", CURRENT_ID.replace("{symbol}", "r.symbol"))


class NewsIngestStore:
    """Articles into PostgreSQL."""

    async def store(self, unit: UnitOfWork, articles: Sequence[LinkedArticle], fetched: Fetched) -> Stored:
        """Store tidy, sound articles of one provider's reply; see `app.ports.news.NewsIngest`."""
        connection = cast("Connection", unit)
        await connection.execute(LOCK)
        fetch_id = await open_fetch(connection)
        keys = [keys_of(one.article) for one in articles]
        stories = resolve(keys, await matches(connection, keys, fetched.provider))
        begun = [n for n, story in enumerate(stories) if story == -1 - n]
        numbers = dict(zip(begun, await next_numbers(connection, len(begun)), strict=True))
        places = [story if story >= 0 else numbers[-1 - story] for story in stories]
        values = {"provider": fetched.provider, "fetch": fetch_id, "now": fetched.known_at}
        if begun:
            new = [described(articles[n], keys[n], n, places[n]) for n in begun]
            await connection.execute(ADD, {**values, "rows": storable(new)})
        touched = await told(connection, articles, keys, places, values)
        held = await hold_rows(connection, fetched, fetch_id)
        changed = sum(
            n not in numbers and (key.ref in touched.refs or place in touched.articles)
            for n, (key, place) in enumerate(zip(keys, places, strict=True))
        )
        stored = Stored(rows=len(articles), inserted=len(begun), changed=changed, held=held)
        is_news = bool(begun or touched.refs or touched.articles)
        await close_fetch(connection, fetched, fetch_id, stored, [Watermark.NEWS] if is_news else [])
        return stored


class Touched(NamedTuple):
    """What came new: the provider's ids that were not there yet, and the articles with new links or scores."""

    refs: set[str]
    articles: set[int]


async def matches(connection: Connection, keys: Sequence[Keys], provider: str) -> list[Match]:
    """Look up what is stored of each article."""
    if not keys:
        return []
    rows = [
        {"n": n, "ref": k.ref, "url_key": k.url_key, "title_key": k.title_key, "published_at": k.published_at}
        for n, k in enumerate(keys)
    ]
    values = {"rows": storable(rows), "provider": provider, "within": SAME_TITLE_WITHIN}
    found = await (await connection.execute(MATCH, values)).fetchall()
    typed = cast("list[tuple[int | None, int | None, list[int] | None, list[datetime] | None]]", found)
    return [
        Match(by_ref=ref, by_url=url, by_title=tuple(map(Namesake, ids or (), times or ())))
        for ref, url, ids, times in typed
    ]


async def next_numbers(connection: Connection, count: int) -> list[int]:
    """Return the numbers of so many new articles."""
    if not count:
        return []
    return [cast("int", number) for (number,) in await (await connection.execute(NUMBERS, [count])).fetchall()]


async def told(
    connection: Connection,
    articles: Sequence[LinkedArticle],
    keys: Sequence[Keys],
    places: Sequence[int],
    values: dict[str, Any],
) -> Touched:
    """Add the sightings, links and scores."""
    seen, links, scores = [], [], []
    for n, (one, key, place) in enumerate(zip(articles, keys, places, strict=True)):
        article = one.article
        seen.append({"n": n, "story": place, "ref": key.ref, "url": article.url, "url_key": key.url_key})
        links += [{"story": place, "symbol": symbol, "basis": "provider"} for symbol in article.symbols]
        links += [{"story": place, "symbol": symbol, "basis": "text"} for symbol in one.in_text]
        scores += [
            {"n": n, "story": place, "ref": key.ref, "symbol": s.symbol, "score": s.score, "label": s.label}
            for s in article.sentiments
        ]

    async def insert(statement: str, rows: list[dict[str, Any]]) -> list[Any]:
        if not rows:
            return []
        cursor = await connection.execute(statement.encode(), {**values, "rows": storable(rows)})
        return [value for (value,) in await cursor.fetchall()]

    refs = set(await insert(SIGHT, seen))
    return Touched(refs, {*await insert(LINK, links), *await insert(SCORE, scores)})


def described(one: LinkedArticle, key: Keys, n: int, place: int) -> dict[str, Any]:
    """Return a new article for JSON."""
    article = one.article
    return {
        "n": n,
        "story": place,
        "url": article.url,
        "url_key": key.url_key,
        "title": article.title,
        "title_key": key.title_key,
        "source": article.source,
        "author": article.author,
        "summary": article.summary,
        "image_url": article.image_url,
        "published_at": article.published_at,
    }
