"""Which articles are one story, seen several times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.news_keys import title_key, url_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.news import Article

# A headline that comes again later is another day's.
SAME_TITLE_WITHIN: Final = timedelta(hours=48)


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What an article is found again by."""

    ref: str
    url_key: str | None
    title_key: str | None
    published_at: datetime


class Namesake(msgspec.Struct, frozen=True):
    """A stored article with the same title."""

    id: int
    published_at: datetime


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored already: the article of the provider's id, that of the address, those of the title."""

    by_ref: int | None = None
    by_url: int | None = None
    by_title: tuple[Namesake, ...] = ()


def keys_of(article: Article) -> Keys:
    """Return the keys of an article that has no faults."""
    return Keys(
        ref=article.ref,
        url_key=url_key(article.url),
        title_key=title_key(article.title, article.source),
        published_at=article.published_at,
    )


def resolve(keys: Sequence[Keys], matches: Sequence[Match]) -> list[int]:
    """Return for each article of one provider's reply which story it is.

    A number from 0 up is a stored article; ``-1 - n`` is a new one, which the reply's n-th article begins. The
    provider's own id decides, then the address, then the title within 48 hours, the nearest in time first. The result
    is the same as if each had been stored before the next was looked at.
    """
    refs: dict[str, int] = {}
    urls: dict[str, int] = {}
    titles: dict[str, list[Namesake]] = {}
    stories = []
    for n, (key, match) in enumerate(zip(keys, matches, strict=True)):
        story = match.by_ref if match.by_ref is not None else refs.get(key.ref)
        if story is None and key.url_key is not None:
            story = match.by_url if match.by_url is not None else urls.get(key.url_key)
        if story is None and key.title_key is not None:
            story = nearest([*match.by_title, *titles.get(key.title_key, ())], key.published_at)
        if story is None:
            story = -1 - n
            if key.title_key is not None:
                titles.setdefault(key.title_key, []).append(Namesake(story, key.published_at))
        if match.by_ref is None and key.ref not in refs:
            refs[key.ref] = story
            if key.url_key is not None:
                urls.setdefault(key.url_key, story)
        stories.append(story)
    return stories


def nearest(namesakes: Sequence[Namesake], at: datetime) -> int | None:
    """Return the namesake published nearest to a time, stored and earlier ones first; None beyond 48 h."""
    near = [one for one in namesakes if abs(one.published_at - at) <= SAME_TITLE_WITHIN]
    found = min(near, key=lambda one: (abs(one.published_at - at), one.id < 0, abs(one.id)), default=None)
    return None if found is None else found.id
