"""Alpha Vantage's one path, its key and its plan."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from app.replay.allowance import Window
from app.replay.alpha_vantage import answers
from app.replay.alpha_vantage.functions import Functions
from app.replay.dialect import Plan
from app.replay.json_replies import ok

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from app.replay.allowance import Allowance
    from app.replay.data.market_data import MarketData
    from app.replay.data.stories import Stories
    from app.replay.dialect import Call, Reply

DAY = Window("day", 86_400_000_000, 25)
SECOND = Window("second", 1_000_000, 1)
FREE = Plan(name="Free", windows=(DAY, SECOND), history_years=100)
PREMIUM = frozenset({
    "TIME_SERIES_DAILY_ADJUSTED", "TIME_SERIES_INTRADAY", "REALTIME_BULK_QUOTES", "REALTIME_OPTIONS",
    "HISTORICAL_OPTIONS", "VWAP", "MACD", "CRYPTO_INTRADAY", "FX_INTRADAY",
})  # fmt: skip
# Free on the real host, but no file of ours proves a figure of theirs.
NOTHING_KNOWN = frozenset({"INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW", "EARNINGS", "SHARES_OUTSTANDING"})
WEEK = timedelta(days=7)


class AlphaVantage:
    """The dialect over one data set."""

    name = "alpha_vantage"
    paths = ("/query",)

    def __init__(self, data: MarketData, stories: Stories, plan: Plan = FREE) -> None:
        self.plan = plan
        functions = Functions(data, stories)
        self._functions: dict[str, Callable[[Call], Reply]] = {
            "TIME_SERIES_DAILY": functions.daily,
            "GLOBAL_QUOTE": functions.quote,
            "OVERVIEW": functions.overview,
            "SPLITS": functions.splits,
            "DIVIDENDS": functions.dividends,
            "NEWS_SENTIMENT": functions.news,
            "SYMBOL_SEARCH": functions.search,
        }

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:  # noqa: ARG002  no header
        """Return the parameter `apikey`."""
        return params.get("apikey") or None

    def bad_key(self, key: str | None) -> Reply:  # noqa: ARG002  both get the same answer
        """Answer with an error message, status 200."""
        return answers.bad_key()

    def too_many(self, key: str, full: Sequence[Window]) -> Reply:
        """Answer that the day is spent, or that the requests come too fast; status 200."""
        return answers.day_spent(key) if DAY in full else answers.burst()

    def error_as_ok(self) -> Reply:
        """Answer as every refusal of this provider: the burst text."""
        return answers.burst()

    def limits(self, allowance: Allowance, now: datetime) -> Mapping[str, str]:  # noqa: ARG002  others tell
        """Tell nothing: two recorded replies have no such header."""
        return {}

    def answer(self, call: Call) -> Reply:
        """Answer one function."""
        name = call.params.get("function", "").upper()
        if name in PREMIUM:
            return answers.premium_endpoint()
        if name in NOTHING_KNOWN:
            return ok({})
        function = self._functions.get(name)
        return function(call) if function else answers.no_such_function(name)

    def of_another_day(self, call: Call) -> Call:
        """Move the market a week back."""
        return msgspec.structs.replace(call, now=call.now - WEEK)
