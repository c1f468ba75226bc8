"""Polygon's paths, keys and plan."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.replay.allowance import Window
from app.replay.dialect import Plan
from app.replay.polygon import answers
from app.replay.polygon.aggregates import Aggregates
from app.replay.polygon.news import News
from app.replay.polygon.ranges import Ranges
from app.replay.polygon.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from app.replay.allowance import Allowance
    from app.replay.data.market_data import MarketData
    from app.replay.data.stories import Stories
    from app.replay.dialect import Call, Reply

BASIC = Plan(name="Basic", windows=(Window("minute", 60_000_000, 5),), history_years=2)
WEEK = timedelta(days=7)
DATE = re.compile(r"(?<=/)\d{4}-\d{2}-\d{2}(?=/|$)")
LACKING = re.compile(
    r"/v2/(last|snapshot|aggs/grouped/locale)/.*|/v3/(trades|quotes|snapshot)/?.*|/v1/(last|conversion)/.*"
)


class Polygon:
    """The dialect over one data set."""

    name = "polygon"
    paths = ("/v1/", "/v2/aggs/", "/v2/last/", "/v2/reference/", "/v2/snapshot/", "/v3/", "/vX/")

    def __init__(self, data: MarketData, stories: Stories, plan: Plan = BASIC) -> None:
        self.plan = plan
        bars = Aggregates(data, plan.history_years)
        ranges = Ranges(data, plan.history_years)
        reference = Reference(data)
        self._routes: tuple[tuple[re.Pattern[str], Callable[..., Reply]], ...] = (
            (re.compile(r"/v2/aggs/grouped/locale/us/market/stocks/([^/]+)"), bars.grouped),
            (re.compile(r"/v2/aggs/ticker/([^/]+)/range/([^/]+)/([^/]+)/([^/]+)/([^/]+)"), ranges.answer),
            (re.compile(r"/v2/aggs/ticker/([^/]+)/prev"), bars.previous),
            (re.compile(r"/v3/reference/tickers"), reference.tickers),
            (re.compile(r"/v3/reference/tickers/(?!types$)([^/]+)"), reference.ticker),
            (re.compile(r"/v3/reference/splits"), reference.splits),
            (re.compile(r"/v3/reference/dividends"), reference.dividends),
            (re.compile(r"/v2/reference/news"), News(stories).news),
            (re.compile(r"/v1/marketstatus/now"), reference.market_status),
        )

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the key: a bearer token, else the parameter `apiKey`."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        return params.get("apiKey") or None

    def bad_key(self, key: str | None) -> Reply:
        """Answer 401."""
        return answers.bad_key(key)

    def too_many(self, key: str, full: Sequence[Window]) -> Reply:  # noqa: ARG002  another dialect names them
        """Answer 429."""
        return answers.too_many()

    def error_as_ok(self) -> Reply:
        """Answer 200 with status ERROR."""
        return answers.error(200, "error_as_ok", "Something went wrong, please try again.")

    def limits(self, allowance: Allowance, now: datetime) -> Mapping[str, str]:  # noqa: ARG002  others tell
        """Tell nothing: no recorded reply has such a header."""
        return {}

    def of_another_day(self, call: Call) -> Call:
        """Move the market and the asked dates a week back."""
        path = DATE.sub(lambda found: week_before(found.group()), call.path)
        return msgspec.structs.replace(call, path=path, now=call.now - WEEK)

    def answer(self, call: Call) -> Reply:
        """Find the endpoint and answer; a path that the replay does not have is 403 or 404 like the real ones."""
        path = call.path.rstrip("/")
        try:
            for pattern, endpoint in self._routes:
                found = pattern.fullmatch(path)
                if found:
                    return endpoint(call, *found.groups())
            if LACKING.fullmatch(call.path):
                raise answers.not_entitled()
            text = "Page not found."
            raise answers.not_found(text)
        except answers.RefusedError as refusal:
            return refusal.reply


def week_before(day: str) -> str:
    """Return the date a week earlier; a text that is no date stays as it is."""
    try:
        return (date.fromisoformat(day) - WEEK).isoformat()
    except (ValueError, OverflowError):
        return day
