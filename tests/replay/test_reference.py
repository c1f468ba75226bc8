"""Tickers, splits, dividends, market status, keys and unknown paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.replay.data.stories import Stories
from app.replay.polygon.dialect import Polygon
from tests.replay.asking import ask, every_page

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData

TICKERS = "/v3/reference/tickers"
SPLITS = "/v3/reference/splits"
DIVIDENDS = "/v3/reference/dividends"


@pytest.fixture(scope="module")
def year(sp500: MarketData) -> Polygon:
    return Polygon(sp500, Stories(sp500))


@pytest.fixture(scope="module")
def five(splits: MarketData) -> Polygon:
    return Polygon(splits, Stories(splits))


@pytest.mark.parametrize(
    "query", ["limit=1000", "limit=777&order=desc", "limit=900&sort=name", "limit=1000&market=stocks"]
)
def test_paging_yields_each_ticker_once(year: Polygon, sp500: MarketData, query: str) -> None:
    rows = every_page(year, f"{TICKERS}?{query}")
    tickers = [row["ticker"] for row in rows]
    assert len(tickers) == len(set(tickers))
    wanted = {x.ticker for x in sp500.listings if "market" not in query or not x.over_the_counter}
    assert set(tickers) == wanted


def test_a_page_has_polygon_s_shape(year: Polygon) -> None:
    status, body = ask(year, f"{TICKERS}?market=stocks&active=true&limit=2")
    assert status == 200
    assert list(body) == ["results", "status", "request_id", "count", "next_url"]
    assert body["count"] == 2
    assert body["results"][0] == {
        "ticker": "A",
        "name": "Agilent Technologies Inc",
        "market": "stocks",
        "locale": "us",
        "primary_exchange": "XNYS",
        "type": "CS",
        "active": True,
        "currency_name": "usd",
        "cik": "0001090872",
        "last_updated_utc": "2010-04-26T00:00:00Z",
    }
    assert body["next_url"].startswith("http://127.0.0.1:8090/v3/reference/tickers?cursor=")


def test_a_cursor_keeps_the_filters(year: Polygon) -> None:
    rows = every_page(year, f"{TICKERS}?ticker.gte=M&ticker.lt=N&market=stocks&limit=100")
    assert len(rows) > 100
    assert all(row["ticker"].startswith("M") and row["market"] == "stocks" for row in rows)


@pytest.mark.parametrize(
    ("query", "tickers"),
    [
        ("ticker=PG", ["PG"]),
        ("search=procter", ["GJR", "PG"]),
        ("ticker=BRK.B", ["BRK.B"]),
        ("ticker=NOPE", []),
        ("active=false&ticker=PG", []),
        ("cik=0000080424", ["PG"]),
    ],
)
def test_filters(year: Polygon, query: str, tickers: list[str]) -> None:
    _, body = ask(year, f"{TICKERS}?{query}")
    assert [row["ticker"] for row in body["results"]] == tickers
    assert body["count"] == len(tickers)


@pytest.mark.parametrize(
    "query", ["limit=1001", "limit=0", "limit=-1", "limit=ten", "sort=price", "order=up", "active=maybe", "date=now",
              "cursor=***", "cursor=bGltaXQ9eA"],
)  # fmt: skip
def test_what_cannot_be_read_is_a_bad_request(year: Polygon, query: str) -> None:
    status, body = ask(year, f"{TICKERS}?{query}")
    assert status == 400
    assert body["status"] == "ERROR"


def test_details_of_a_ticker(year: Polygon) -> None:
    status, body = ask(year, f"{TICKERS}/PG")
    assert status == 200
    assert list(body) == ["results", "status", "request_id"]
    assert body["results"]["sic_description"] == "Personal Products"
    status, body = ask(year, f"{TICKERS}/NOPE")
    assert (status, body["status"], body["message"]) == (404, "NOT_FOUND", "Ticker not found.")


def test_a_name_that_is_not_known_is_left_out(year: Polygon) -> None:
    _, body = ask(year, f"{TICKERS}/Q")
    assert "name" not in body["results"]


def test_splits_appear_on_their_day(five: Polygon) -> None:
    status, body = ask(five, SPLITS, "2005-02-27 23:59")
    assert status == 200
    assert [row["ticker"] for row in body["results"]] == ["MSFT", "AAPL"]
    _, body = ask(five, SPLITS, "2005-02-28 00:00")
    assert body["results"][0] == {"execution_date": "2005-02-28", "split_from": 1, "split_to": 2, "ticker": "AAPL"}


def test_splits_between_two_dates(five: Polygon) -> None:
    url = f"{SPLITS}?execution_date.gte=2000-06-21&execution_date.lt=2003-02-18&order=asc"
    assert [row["ticker"] for row in ask(five, url, "2012-01-03 12:00")[1]["results"]] == ["AAPL"]
    assert ask(five, f"{SPLITS}?execution_date.gte=soon")[0] == 400


@pytest.mark.parametrize("query", ["", "&sort=cash_amount", "&sort=ticker&order=asc", "&order=asc"])
def test_every_dividend_comes_once(five: Polygon, splits: MarketData, query: str) -> None:
    rows = every_page(five, f"{DIVIDENDS}?limit=7{query}", "2013-03-01 12:00")
    found = [(row["ticker"], row["ex_dividend_date"], row["cash_amount"]) for row in rows]
    assert sorted(found) == sorted((x.ticker, x.ex_date.isoformat(), x.cash) for x in splits.dividends)
    assert len(found) == 92


def test_a_dividend_says_only_what_is_known(year: Polygon) -> None:
    _, body = ask(year, f"{DIVIDENDS}?ticker=IBM&ex_dividend_date=2010-05-06", "2010-05-06 00:00")
    assert body["results"] == [
        {"cash_amount": 0.65, "dividend_type": "CD", "ex_dividend_date": "2010-05-06", "ticker": "IBM"}
    ]
    assert ask(year, f"{DIVIDENDS}?ticker=IBM&ex_dividend_date=2010-05-06", "2010-05-05 23:59")[1]["results"] == []
    assert ask(year, f"{DIVIDENDS}?pay_date.gte=2000-01-01", "2010-06-01 12:00")[1]["results"] == []


@pytest.mark.parametrize(
    ("now", "market"),
    [
        ("2010-04-26 03:59", "closed"),
        ("2010-04-26 04:00", "extended-hours"),
        ("2010-04-26 09:30", "open"),
        ("2010-04-26 16:00", "extended-hours"),
        ("2010-04-26 20:00", "closed"),
        ("2010-04-24 12:00", "closed"),
        ("2010-04-02 12:00", "closed"),
    ],
)
def test_market_status(year: Polygon, now: str, market: str) -> None:
    status, body = ask(year, "/v1/marketstatus/now", now)
    assert status == 200
    assert body["market"] == body["exchanges"]["nyse"] == market
    assert body["serverTime"].endswith("-04:00")


def test_the_key_comes_from_the_header_or_the_query(year: Polygon) -> None:
    assert year.key({}, {"authorization": "Bearer abc"}) == "abc"
    assert year.key({"apiKey": "abc"}, {}) == "abc"
    assert year.key({}, {"authorization": "Basic abc"}) is None
    assert b"API Key was not provided" in year.bad_key(None).body
    assert year.bad_key(None).status == year.bad_key("x").status == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v2/last/trade/SPY", 403), ("/v2/snapshot/locale/us/markets/stocks/gainers", 403), ("/v3/trades/SPY", 403),
     ("/v2/aggs/grouped/locale/global/market/crypto/2010-04-23", 403), ("/v3/nothing", 404), ("/vX/reference/x", 404)],
)  # fmt: skip
def test_other_endpoints_are_refused_as_the_plan_would(year: Polygon, path: str, status: int) -> None:
    found, body = ask(year, path)
    assert found == status
    assert body["status"] == ("NOT_AUTHORIZED" if status == 403 else "NOT_FOUND")
