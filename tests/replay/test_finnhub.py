"""Finnhub's dialect: plain numbers, unix seconds, limits in the headers, empty answers for unknown symbols."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.replay.allowance import Allowance
from app.replay.data import catalogue
from app.replay.finnhub.dialect import Finnhub
from tests.replay.asking import ask

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData

MORNING = "2010-05-07 08:00"


@pytest.fixture(scope="module")
def dialect(sp500: MarketData) -> Finnhub:
    return Finnhub(sp500, catalogue.stories("sp500"))


def test_a_quote_is_the_last_close_at_its_time(dialect: Finnhub) -> None:
    _, body = ask(dialect, "/api/v1/quote?symbol=PG", MORNING)
    close = int(datetime(2010, 5, 6, 20, tzinfo=UTC).timestamp())
    assert body == {"c": 60.75, "d": -1.41, "dp": -2.2683, "h": 62.67, "l": 39.37, "o": 61.91, "pc": 62.16, "t": close}


def test_unknown_symbols_get_empty_answers(dialect: Finnhub) -> None:
    nothing = {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}
    assert ask(dialect, "/api/v1/quote?symbol=NOSUCH") == (200, nothing)
    assert ask(dialect, "/api/v1/stock/profile2?symbol=NOSUCH") == (200, {})
    assert ask(dialect, "/api/v1/stock/metric?symbol=NOSUCH&metric=all")[1]["metric"] == {}
    assert ask(dialect, "/api/v1/company-news?symbol=NOSUCH&from=2010-04-01&to=2010-04-26") == (200, [])


def test_a_profile_says_only_what_is_known(dialect: Finnhub) -> None:
    _, body = ask(dialect, "/api/v1/stock/profile2?symbol=IBM")
    assert body == {
        "currency": "USD",
        "exchange": "NEW YORK STOCK EXCHANGE, INC.",
        "finnhubIndustry": "IT Consulting & Services",
        "name": "International Bus. Machines",
        "ticker": "IBM",
    }


def test_metrics_are_computed_from_bars_that_are_over(dialect: Finnhub, sp500: MarketData) -> None:
    early, late = (
        ask(dialect, "/api/v1/stock/metric?symbol=PG", now)[1]["metric"] for now in (MORNING, "2010-08-20 20:00")
    )
    assert "52WeekHigh" not in early
    rows = sp500.bars.of_ticker("PG", sp500.first, sp500.last)
    assert late["52WeekLow"] == pytest.approx(39.37)
    assert late["52WeekLowDate"] == "2010-05-06"
    assert late["10DayAverageTradingVolume"] == pytest.approx(sp500.bars.volume[rows][-10:].mean() / 1e6, abs=1e-5)
    assert late["5DayPriceReturnDaily"] == pytest.approx(
        (sp500.bars.close[rows[-1]] / sp500.bars.close[rows[-6]] - 1) * 100, abs=1e-4
    )


def test_no_report_is_invented(dialect: Finnhub) -> None:
    assert ask(dialect, "/api/v1/calendar/earnings?from=2010-01-01&to=2010-12-31") == (200, {"earningsCalendar": []})
    assert ask(dialect, "/api/v1/calendar/earnings?from=soon")[0] == 422


def test_news_are_of_the_asked_days_and_lead_through_the_provider(dialect: Finnhub) -> None:
    _, body = ask(dialect, "/api/v1/company-news?symbol=PG&from=2010-05-06&to=2010-05-07", MORNING)
    first = body[-1]
    assert first["related"] == "PG"
    assert "/api/news?id=2010-05-06-PG-close" in first["url"]
    assert datetime.fromtimestamp(first["datetime"], UTC) > datetime(2010, 5, 6, 20, tzinfo=UTC)
    assert ask(dialect, "/api/v1/company-news?symbol=PG&from=2010-05-06&to=2010-05-07", "2010-05-06 16:00")[1] == []
    assert ask(dialect, "/api/v1/company-news?symbol=PG")[0] == 422


def test_candles_are_premium_and_other_paths_unknown(dialect: Finnhub) -> None:
    refused = {"error": "You don't have access to this resource."}
    assert ask(dialect, "/api/v1/stock/candle?symbol=PG&resolution=D") == (403, refused)
    assert ask(dialect, "/api/v1/news-sentiment?symbol=PG")[0] == 403
    assert ask(dialect, "/api/v1/stock/recommendation?symbol=PG") == (200, [])


def test_the_headers_tell_what_is_left(dialect: Finnhub) -> None:
    allowance = Allowance(dialect.plan.windows)
    now = datetime(2010, 5, 7, 12, tzinfo=UTC)
    for second in range(3):
        allowance.arrive(second * 1_000_000)
    told = dialect.limits(allowance, now)
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("60", "57")
    assert int(told["x-ratelimit-reset"]) == int(now.timestamp()) + 58
    assert b"Remaining Limit: 0" in dialect.too_many("k", dialect.plan.windows).body


def test_the_key_comes_from_the_header_or_the_query(dialect: Finnhub) -> None:
    assert dialect.key({}, {"x-finnhub-token": "k"}) == dialect.key({"token": "k"}, {}) == "k"
    assert dialect.bad_key(None).status == 401
