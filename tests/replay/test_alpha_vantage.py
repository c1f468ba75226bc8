"""Alpha Vantage's dialect: text for numbers, status 200 for refusals, nothing of the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.replay.alpha_vantage.dialect import DAY, SECOND, AlphaVantage
from app.replay.data import catalogue
from tests.replay.asking import ask

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData

MORNING = "2010-05-07 08:00"


@pytest.fixture(scope="module")
def dialect(sp500: MarketData) -> AlphaVantage:
    return AlphaVantage(sp500, catalogue.stories("sp500"))


def test_the_last_hundred_raw_bars_come_newest_first(dialect: AlphaVantage, sp500: MarketData) -> None:
    _, body = ask(dialect, "/query?function=TIME_SERIES_DAILY&symbol=PG", MORNING)
    days = list(body["Time Series (Daily)"])
    assert (len(days), days[0], body["Meta Data"]["3. Last Refreshed"]) == (100, "2010-05-06", "2010-05-06")
    assert days == sorted(days, reverse=True)
    row = body["Time Series (Daily)"]["2010-05-06"]
    assert (row["3. low"], row["4. close"], row["5. volume"]) == ("39.3700", "60.7500", "28565700")
    closes = [float(bar["4. close"]) for bar in body["Time Series (Daily)"].values()]
    rows = sp500.bars.of_ticker("PG", sp500.first, np.datetime64("2010-05-06").astype(object))[-100:][::-1]
    assert closes == pytest.approx(sp500.bars.close[rows].tolist(), abs=5.1e-5)


@pytest.mark.parametrize(("now", "newest"), [("2010-05-06 19:59", "2010-05-05"), ("2010-05-06 20:00", "2010-05-06")])
def test_a_bar_comes_when_its_day_is_over(dialect: AlphaVantage, now: str, newest: str) -> None:
    _, body = ask(dialect, "/query?function=TIME_SERIES_DAILY&symbol=PG", now)
    assert body["Meta Data"]["3. Last Refreshed"] == newest


@pytest.mark.parametrize(("now", "day"), [("2010-05-06 15:59", "2010-05-05"), ("2010-05-06 16:00", "2010-05-06")])
def test_a_quote_is_of_the_last_session_that_closed(dialect: AlphaVantage, now: str, day: str) -> None:
    _, body = ask(dialect, "/query?function=GLOBAL_QUOTE&symbol=PG", now)
    assert body["Global Quote"]["07. latest trading day"] == day
    if day == "2010-05-06":
        assert body["Global Quote"]["10. change percent"] == "-2.2683%"


def test_an_overview_says_none_where_no_file_proves_a_figure(dialect: AlphaVantage) -> None:
    _, body = ask(dialect, "/query?function=OVERVIEW&symbol=IBM", MORNING)
    assert (body["Name"], body["CIK"], body["Exchange"]) == ("International Bus. Machines", "51143", "NYSE")
    assert {body[name] for name in ("MarketCapitalization", "EPS", "Beta", "52WeekHigh")} == {"None"}
    assert body["50DayMovingAverage"] != "None"
    assert ask(dialect, "/query?function=OVERVIEW&symbol=NOSUCH") == (200, {})


def test_a_year_s_high_comes_when_the_data_hold_a_year(dialect: AlphaVantage, sp500: MarketData) -> None:
    _, body = ask(dialect, "/query?function=OVERVIEW&symbol=IBM", "2010-08-20 20:00")
    rows = sp500.bars.of_ticker("IBM", sp500.first, sp500.last)
    assert float(body["52WeekHigh"]) == pytest.approx(sp500.bars.high[rows].max(), abs=0.005)
    assert float(body["52WeekLow"]) == pytest.approx(sp500.bars.low[rows].min(), abs=0.005)


def test_dividends_and_splits_come_on_their_day(dialect: AlphaVantage) -> None:
    _, body = ask(dialect, "/query?function=DIVIDENDS&symbol=IBM", "2010-05-06 00:00")
    assert [(row["ex_dividend_date"], row["amount"]) for row in body["data"]][:1] == [("2010-05-06", "0.65")]
    assert ask(dialect, "/query?function=SPLITS&symbol=IBM", MORNING)[1] == {"symbol": "IBM", "data": []}


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("function=TIME_SERIES_DAILY&symbol=NOSUCH", "Error Message", "Invalid API call."),
        ("function=TIME_SERIES_DAILY&symbol=PG&outputsize=full", "Information", "outputsize=full"),
        ("function=TIME_SERIES_DAILY_ADJUSTED&symbol=PG", "Information", "premium endpoint"),
        ("function=NEWS_SENTIMENT&tickers=NOSUCH", "Information", "Invalid inputs."),
        ("function=NEWS_SENTIMENT&tickers=PG&time_from=soon", "Information", "Invalid inputs."),
        ("function=NOSUCH", "Error Message", "does not exist"),
    ],
)
def test_refusals_have_status_200(dialect: AlphaVantage, query: str, field: str, words: str) -> None:
    status, body = ask(dialect, f"/query?{query}", MORNING)
    assert status == 200
    assert list(body) == [field]
    assert words in body[field]


def test_the_two_limits_have_two_texts_and_the_day_s_quotes_the_key(dialect: AlphaVantage) -> None:
    assert b"spreading out" in dialect.too_many("k3y", (SECOND,)).body
    day = dialect.too_many("k3y", (DAY, SECOND)).body
    assert b"API key as k3y" in day
    assert b"25 requests per day" in day
    assert dialect.key({"apikey": "k3y"}, {}) == "k3y"
    assert b"apikey is invalid" in dialect.bad_key("wrong").body


def test_the_news_have_no_invented_sentiment(dialect: AlphaVantage) -> None:
    _, body = ask(dialect, "/query?function=NEWS_SENTIMENT&tickers=PG&time_from=20100501T0000", MORNING)
    assert body["items"] == str(len(body["feed"])) != "0"
    first = body["feed"][0]
    assert first["title"].startswith("Procter & Gamble (PG) closes at 60.75, down 2.3 %; low of the day 39.37")
    assert "sentiment" not in " ".join(first).replace("ticker_sentiment", "")
    assert first["ticker_sentiment"] == [{"ticker": "PG"}]
