"""Polygon's news: the stories of the data set, page after page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.replay.polygon import answers, paging

if TYPE_CHECKING:
    from app.replay.data.stories import Stories, Story
    from app.replay.dialect import Call, Reply


def word(text: str, _: str) -> object:
    """Read a word as it is."""
    return text


def moment(text: str, name: str) -> object:
    """Read a date or a time as the text that the rows have, which sorts as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise answers.bad_time(name) from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return wire_time(aware)


NEWS = paging.ListSpec(
    fields={"published_utc": moment, "id": word},
    key=("published_utc", "id"),
    sorts=("published_utc",),
    default_order="desc",
    default_limit=10,
    counted=True,
)


class News:
    """Answers about stories, as far as the market clock allows."""

    def __init__(self, stories: Stories) -> None:
        self._stories = stories

    def news(self, call: Call) -> Reply:
        """Answer with stories, about one ticker or all."""
        params = paging.opened(call.params)
        ticker = params.get("ticker")
        out = self._stories.published(call.now)
        rows = [row(story, call.base_url) for story in reversed(out) if not ticker or ticker in story.tickers]
        return paging.answer(call, NEWS, rows)


def wire_time(at: datetime) -> str:
    """Write a time as the wire does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(story: Story, base_url: str) -> paging.Row:
    """Return a story in the wire's words."""
    return {
        "id": f"{story.number:08x}",
        "publisher": {"name": story.source, "homepage_url": f"{base_url}/news/"},
        "title": story.title,
        "published_utc": wire_time(story.at),
        "article_url": base_url + story.path,
        "tickers": list(story.tickers),
        "description": story.text,
    }
