"""NewsAPI: articles about companies, which it knows by their names only.

Developer plan: 100 calls a day, at most 50 of them in 12 hours; articles of the last month, a day late, for
development only. A query has 100 results in all, so there is never a second page.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import msgspec

from app.domain.datasets import Dataset
from app.domain.news import Article
from app.domain.quotas import Outcome, Window
from app.ports.providers import Ability, NewsAbout, NewsReply, ProviderError
from app.providers.client.articles import MOST_UNSOUND, newest_first, picture, published, worded
from app.providers.client.http import RawReply, Request
from app.providers.client.reading import read_each
from app.providers.client.source import Credentials, Declaration, Endpoint
from app.providers.client.verdicts import Verdict, body_of, by_status, by_words, not_json, refusal, shown
from app.providers.client.wire import LongText, Text, Title, UnsoundError, Url

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "newsapi"
# A day of any time zone, whichever midnight is meant and whatever daylight saving time does.
DAY_S = 90_000
HALF_DAY_S = 43_200
# "Up to a month", less a day for the shortest one and one for the date line.
HISTORY = timedelta(days=27)
EMBARGO = timedelta(hours=24)
MOST_COMPANIES = 20
LONGEST_QUERY = 500
REMOVED, REMOVED_AT = "[removed]", "https://removed.com"

# By the code and the words together. What lies too far back is told as a wrong parameter.
MEANINGS = (
    (
        r"apikey(invalid|missing|disabled)|api key (is|was|has been) (invalid|missing|disabled)",
        Verdict(outcome=Outcome.BAD_KEY),
    ),
    (r"too far in the past|as far back as", Verdict(outcome=Outcome.NOT_ENTITLED, out_of_range=True)),
    # The words name the half day, which opens sooner than the day.
    (r"ratelimited.*12 hours", Verdict(outcome=Outcome.RATE_LIMITED, wait_s=HALF_DAY_S)),
    (r"ratelimited|apikeyexhausted|too many requests|no more requests", Verdict(outcome=Outcome.RATE_LIMITED)),
    (r"maximumresultsreached|too many results", Verdict(outcome=Outcome.NOT_ENTITLED, out_of_range=True)),
    (r"upgraderequired|corsnotallowed|upgrade to a paid plan", Verdict(outcome=Outcome.NOT_ENTITLED)),
    (r"^unexpectederror|^servererror", Verdict(outcome=Outcome.SERVER_ERROR)),
    (r"^(parameter|source|query|page|request)", Verdict(outcome=Outcome.BAD_REQUEST)),
)
# What a company's name ends with, and no newspaper writes.
SUFFIX = re.compile(
    r"[\s,]+(inc|incorporated|corp|corporation|co|company|ltd|limited|plc|llc|lp|sa|nv|ag|se|holdings?|group|trust"
    r"|common stock|class [a-c]|/[a-z]{2,3}/?|the|new|and|of|&)\.?$",
    re.IGNORECASE,
)
# Double quotes would end the phrase, and the other marks mean something of their own in a query.
MARKS = re.compile(r'["\\()+\x00-\x1f]+')


class Envelope(msgspec.Struct):
    """What every reply has, or may have."""

    status: object = None
    code: object = None
    message: object = None
    total: int | None = msgspec.field(name="totalResults", default=None)
    articles: msgspec.Raw = msgspec.Raw(b"{}")


class Publisher(msgspec.Struct):
    """Who published an article."""

    name: Text | None = None


class Story(msgspec.Struct):
    """One article; a withdrawn one keeps its place with "[Removed]" for everything."""

    title: str | None
    url: str | None
    at: datetime | None = msgspec.field(name="publishedAt")
    source: Publisher | None = None
    author: Text | None = None
    description: LongText | None = None
    picture: object = msgspec.field(name="urlToImage", default=None)


def credentials(key: str) -> Credentials:
    """Send the key in a header."""
    return Credentials(headers={"X-Api-Key": key})


def ask_news(question: NewsAbout) -> Request:
    """Ask for the newest articles with one of the companies' names in the title or the summary.

    Raises ProviderError (``bad_request``) when the names cannot be put into one query.
    """
    params = {
        "q": any_of(question.companies.values()),
        "searchIn": "title,description",
        "language": "en",
        "from": question.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "to": question.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "sortBy": "publishedAt",
        "pageSize": "100",
        "page": "1",
    }
    return Request(path="/v2/everything", params=params)


def any_of(names: Iterable[str]) -> str:
    """Return the query for any of the names, at most 500 characters long in a URL.

    Where they are longer, the longest names lose their last words: more articles come, and whose they are is
    found out by the whole names later.
    """
    phrases = list(dict.fromkeys(short for name in names if (short := short_name(name))))
    while len(query := " OR ".join(f'"{phrase}"' for phrase in phrases)) and len(quote_plus(query)) > LONGEST_QUERY:
        longest = max(phrases, key=lambda phrase: (" " in phrase, len(phrase)))
        if " " not in longest:
            message = f"{NAME}: the names of {len(phrases)} companies are too long for one query: ask for fewer."
            raise ProviderError(message, outcome=Outcome.BAD_REQUEST)
        phrases[phrases.index(longest)] = short_name(longest.rpartition(" ")[0])
        phrases = list(dict.fromkeys(phrases))
    if not phrases:
        message = f"{NAME}: it knows no symbols, and none of the companies has a name: fetch the profiles first."
        raise ProviderError(message, outcome=Outcome.BAD_REQUEST)
    return query


def short_name(name: str) -> str:
    """Return a company's name as it is written about: without "Inc.", "Corp." and the like."""
    found = " ".join(MARKS.sub(" ", name).split())
    while (shorter := SUFFIX.sub("", found)) != found:
        found = shorter
    return found.strip(" ,")


def opened(reply: RawReply) -> Envelope:
    """Return a reply's envelope; raise RefusedError unless it is a success. The body is judged before the status."""
    verdict = not_json(reply, MEANINGS)
    envelope = Envelope()
    if verdict is None:
        envelope = body_of(reply, Envelope)
        verdict = judged(envelope, reply)
    if verdict is None:
        return envelope
    raise refusal(verdict, reply)


def judged(envelope: Envelope, reply: RawReply) -> Verdict | None:
    """Return what is wrong, None for a success."""
    words = f"{envelope.code or ''} {envelope.message or ''}".strip()[:500]
    verdict = by_words(words, MEANINGS) or by_status(reply.status, words or shown(reply.body))
    if verdict or (envelope.status == "ok" and not words):
        return verdict
    said = f"status {envelope.status!r} without a meaning known here: {words}"
    return Verdict(outcome=Outcome.MALFORMED, words=said)


def read_news(reply: RawReply, question: NewsAbout, _hosts: frozenset[str]) -> NewsReply:
    """Read articles; whom they are about is found out later, by the names. The total is without withdrawn ones."""
    envelope = opened(reply)
    removed = 0

    def made(row: Story) -> Article | None:
        nonlocal removed
        if is_removed(row):
            removed += 1
            return None
        return made_article(row, question)

    articles, unreadable = read_each(envelope.articles, Story, made, MOST_UNSOUND)
    return NewsReply(
        articles=newest_first(articles),
        unreadable=unreadable,
        total=None if envelope.total is None else max(envelope.total - removed, 0),
        payload=reply.payload,
    )


def is_removed(row: Story) -> bool:
    """Tell whether an article was withdrawn."""
    return (row.title or "").strip().casefold() == REMOVED or (row.url or "").startswith(REMOVED_AT)


def made_article(row: Story, question: NewsAbout) -> Article:
    """Return an article; raise UnsoundError for one without a title, an address or a time."""
    try:
        title, url = msgspec.convert(row.title, Title), msgspec.convert(row.url, Url)
        at = msgspec.convert(row.at, datetime)
    except msgspec.ValidationError as e:
        words = f"an article without a title, an address or a time: {e}"
        raise UnsoundError(words) from None
    return Article(
        ref=url,
        url=url,
        title=title.strip(),
        published_at=published(at, question),
        source=worded(row.source.name) if row.source else None,
        author=worded(row.author),
        summary=worded(row.description),
        image_url=picture(row.picture),
    )


DECLARATION = Declaration(
    name=NAME,
    windows=(Window(max_calls=100, span_s=DAY_S), Window(max_calls=50, span_s=HALF_DAY_S)),
    abilities={Dataset.NEWS: Ability(dataset=Dataset.NEWS, history=HISTORY, embargo=EMBARGO, subjects=MOST_COMPANIES)},
    endpoints={Dataset.NEWS: Endpoint(request=ask_news, read=read_news)},
    credentials=credentials,
)
