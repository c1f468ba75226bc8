"""NewsAPI's two paths, its key and its plan."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.replay.allowance import Window
from app.replay.dialect import Plan
from app.replay.json_replies import ok, refusal
from app.replay.newsapi import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.replay.allowance import Allowance
    from app.replay.data.stories import Stories, Story
    from app.replay.dialect import Call, Reply

DAY = Window("day", 86_400_000_000, 100)
HALF_DAY = Window("half_day", 43_200_000_000, 50)
DEVELOPER = Plan(name="Developer", windows=(DAY, HALF_DAY), history_years=0)
EMBARGO = timedelta(hours=24)
HISTORY = timedelta(days=31)
WEEK = timedelta(days=7)
MOST_RESULTS = 100
CUT = 200
SORTS = {"", "publishedAt", "relevancy", "popularity"}


class NewsApi:
    """The dialect over the stories of one data set."""

    name = "newsapi"
    paths = ("/v2/everything", "/v2/top-headlines")

    def __init__(self, stories: Stories, plan: Plan = DEVELOPER) -> None:
        self.plan = plan
        self._stories = stories

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the key: a header, else the parameter `apiKey`."""
        _, _, token = headers.get("authorization", "").partition(" ")
        return headers.get("x-api-key") or params.get("apiKey") or token.strip() or None

    def bad_key(self, key: str | None) -> Reply:
        """Answer 401."""
        if key:
            text = (
                "Your API key is invalid or incorrect. Check your key, or go to https://newsapi.org to create a free "
                "API key."
            )
            return error(401, "bad_key", "apiKeyInvalid", text)
        text = (
            "Your API key is missing. Append this to the URL with the apiKey param, or use the x-api-key HTTP header."
        )
        return error(401, "bad_key", "apiKeyMissing", text)

    def too_many(self, key: str, full: Sequence[Window]) -> Reply:  # noqa: ARG002  another dialect tells
        """Answer 429."""
        text = (
            "You have made too many requests recently. Developer accounts are limited to 100 requests over a 24 hour "
            "period (50 requests available every 12 hours). Please upgrade to a paid plan if you need more requests."
        )
        return error(429, "too_many", "rateLimited", text)

    def error_as_ok(self) -> Reply:
        """Answer 200 with status error."""
        text = "Something went wrong on our end. Please try again later."
        return error(200, "error_as_ok", "unexpectedError", text)

    def limits(self, allowance: Allowance, now: datetime) -> Mapping[str, str]:  # noqa: ARG002  others tell
        """Tell nothing of limits; the recorded reply says whether it came from a cache."""
        return {"x-cached-result": "false"}

    def answer(self, call: Call) -> Reply:
        """Answer with articles, as far as the plan goes."""
        if call.path.rstrip("/") == "/v2/top-headlines":
            return self._headlines(call)
        return self._everything(call)

    def of_another_day(self, call: Call) -> Call:
        """Move the market and the asked times a week back."""
        found = {name: moment(call.params.get(name, ""), time(0)) for name in ("from", "to")}
        moved = {name: (at - WEEK).strftime("%Y-%m-%dT%H:%M:%S") for name, at in found.items() if at}
        return msgspec.structs.replace(call, params=call.params | moved, now=call.now - WEEK)

    def _everything(self, call: Call) -> Reply:
        asked = call.params.get("q", "")
        if not asked:
            text = (
                "Required parameters are missing, the scope of your search is too broad. Please set any of the "
                "following required parameters and try again: q, qInTitle, sources, domains."
            )
            return error(400, "bad_request", "parametersMissing", text)
        try:
            test = query.read(asked)
        except query.QueryError as e:
            return error(400, "bad_request", "parameterInvalid", f"The parameter q is invalid: {e}")
        since, until = moment(call.params.get("from", ""), time(0)), moment(call.params.get("to", ""), time(23, 59, 59))
        for name, at in (("from", since), ("to", until)):
            if call.params.get(name) and at is None:
                text = f"The parameter {name} is invalid: use a date such as 2026-11-23 or 2026-11-23T10:00:00."
                return error(400, "bad_request", "parameterInvalid", text)
        if call.params.get("sortBy", "") not in SORTS:
            return error(400, "bad_request", "parameterInvalid", "The parameter sortBy is invalid.")
        oldest = (call.now - HISTORY).date()
        if since is not None and since.date() < oldest:
            return too_old(oldest.isoformat(), since.date().isoformat())
        first = datetime.combine(oldest, time(0), UTC) if since is None else since
        found = self._stories.published(call.now - EMBARGO, first, until)
        return page(call, [story for story in found if test(f"{story.title} {story.text}".casefold())])

    def _headlines(self, call: Call) -> Reply:
        if not any(call.params.get(name) for name in ("country", "category", "sources", "q")):
            text = (
                "Required parameters are missing. Please set any of the following parameters and try again: "
                "sources, q, language, country, category."
            )
            return error(400, "bad_request", "parametersMissing", text)
        if call.params.get("country", "us") != "us":
            return page(call, [])
        until = call.now - EMBARGO
        sought = call.params.get("q", "").casefold()
        found = self._stories.published(until, until - timedelta(days=1))
        return page(call, [story for story in found if sought in f"{story.title} {story.text}".casefold()])


def page(call: Call, stories: Sequence[Story]) -> Reply:
    """Answer with one page; beyond the first hundred results the plan ends."""
    size, number = call.params.get("pageSize", "100"), call.params.get("page", "1")
    if not (
        size.isdecimal() and number.isdecimal() and 1 <= int(size) <= MOST_RESULTS and 1 <= int(number) <= MOST_RESULTS
    ):
        return error(
            400, "bad_request", "parameterInvalid", "The parameters pageSize (at most 100) and page are numbers."
        )
    start = (int(number) - 1) * int(size)
    if start + int(size) > MOST_RESULTS:
        text = (
            f"You have requested too many results. Developer accounts are limited to a max of {MOST_RESULTS} results. "
            f"You are trying to request results {start} to {start + int(size)}. Please upgrade to a paid plan if you "
            "need more results."
        )
        return error(426, "not_entitled", "maximumResultsReached", text)
    shown = stories[start : start + int(size)]
    articles = [article(story, call.base_url) for story in shown]
    return ok({"status": "ok", "totalResults": len(stories), "articles": articles})


def article(story: Story, base_url: str) -> dict[str, object]:
    """Return a story in the wire's words; the content is cut as on the real host."""
    more = len(story.text) - CUT
    return {
        "source": {"id": None, "name": story.source},
        "author": None,
        "title": f"{story.title} - {story.source}",
        "description": story.text,
        "url": base_url + story.path,
        "urlToImage": None,
        "publishedAt": story.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "content": f"{story.text[:CUT]}\u2026 [+{more} chars]" if more > 0 else story.text,
    }


def error(status: int, outcome: str, code: str, text: str) -> Reply:
    """Answer with an error."""
    return refusal(status, outcome, {"status": "error", "code": code, "message": text})


def too_old(oldest: str, asked: str) -> Reply:
    """Refuse articles that are older than a month."""
    text = (
        "You are trying to request results too far in the past. Your plan permits you to request articles as far back "
        f"as {oldest}, but you have requested {asked}. You may need to upgrade to a paid plan."
    )
    return error(426, "outside_plan", "parameterInvalid", text)


def moment(text: str, hour: time) -> datetime | None:
    """Read a date (at an hour) or a time, UTC unless it says otherwise; None when it cannot be read."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == 10:  # noqa: PLR2004  YYYY-MM-DD
        found = datetime.combine(found.date(), hour)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
