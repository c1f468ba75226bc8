"""Finnhub's paths, its key and its plan."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.replay.allowance import Window
from app.replay.dialect import Plan, Reply
from app.replay.finnhub.endpoints import Endpoints
from app.replay.json_replies import ok, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from app.replay.allowance import Allowance
    from app.replay.data.market_data import MarketData
    from app.replay.data.stories import Stories
    from app.replay.dialect import Call

MINUTE = Window("minute", 60_000_000, 60)
SECOND = Window("second", 1_000_000, 30)
FREE = Plan(name="Free", windows=(MINUTE, SECOND), history_years=1)
BASE = "/api/v1"
PREMIUM = re.compile(
    r"/(stock/(candle|tick|bidask|split|dividend2?|price-target|upgrade-downgrade|eps-estimate|revenue-estimate|ownership"
    r"|fund-ownership|transcripts|executive|social-sentiment|revenue-breakdown|earnings-call-live|financials|profile)"
    r"|news-sentiment|index/.*|etf/.*|scan/.*|indicator|global-filings/.*)"
)
NOTHING_KNOWN = frozenset({"/stock/peers", "/stock/recommendation", "/stock/earnings", "/news"})
WEEK = timedelta(days=7)
LIMIT = "API limit reached. Please try again later. Remaining Limit: 0"


class Finnhub:
    """The dialect over one data set."""

    name = "finnhub"
    paths = ("/api/v1/",)

    def __init__(self, data: MarketData, stories: Stories, plan: Plan = FREE) -> None:
        self.plan = plan
        endpoints = Endpoints(data, stories)
        self._endpoints: dict[str, Callable[[Call], Reply]] = {
            "/quote": endpoints.quote,
            "/stock/profile2": endpoints.profile,
            "/stock/metric": endpoints.metric,
            "/calendar/earnings": endpoints.earnings,
            "/company-news": endpoints.news,
            "/stock/symbol": endpoints.symbols,
            "/search": endpoints.search,
        }

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the key: a header, else the parameter `token`."""
        return headers.get("x-finnhub-token") or params.get("token") or None

    def bad_key(self, key: str | None) -> Reply:
        """Answer 401."""
        text = "Invalid API key" if key else "Please use an API key."
        return refusal(401, "bad_key", {"error": text})

    def too_many(self, key: str, full: Sequence[Window]) -> Reply:  # noqa: ARG002  another dialect tells
        """Answer 429."""
        return refusal(429, "too_many", {"error": LIMIT})

    def error_as_ok(self) -> Reply:
        """Answer 200 with the words of the limit, as was seen once."""
        return refusal(200, "error_as_ok", {"error": LIMIT})

    def limits(self, allowance: Allowance, now: datetime) -> Mapping[str, str]:
        """Tell the minute's limit, what is left of it, and when (unix seconds) there is more."""
        minute = allowance.counts[0]
        opens_s = minute.opens_in_us(allowance.last_us) / 1e6
        return {
            "x-ratelimit-limit": str(minute.window.max_calls),
            "x-ratelimit-remaining": str(minute.left),
            "x-ratelimit-reset": str(math.ceil(now.timestamp() + opens_s)),
        }

    def answer(self, call: Call) -> Reply:
        """Find the endpoint and answer."""
        path = call.path.removeprefix(BASE).rstrip("/")
        if path in self._endpoints:
            return self._endpoints[path](call)
        if path in NOTHING_KNOWN:
            return ok([])
        if PREMIUM.fullmatch(path):
            return refusal(403, "not_entitled", {"error": "You don't have access to this resource."})
        return Reply(status=404, body=b"404 page not found", outcome="not_found", media_type="text/plain")

    def of_another_day(self, call: Call) -> Call:
        """Move the market and the asked dates a week back."""
        moved = {name: week_before(call.params[name]) for name in ("from", "to") if name in call.params}
        return msgspec.structs.replace(call, params=call.params | moved, now=call.now - WEEK)


def week_before(day: str) -> str:
    """Return the date a week earlier; a text that is no date stays as it is."""
    try:
        return (date.fromisoformat(day) - WEEK).isoformat()
    except (ValueError, OverflowError):
        return day
