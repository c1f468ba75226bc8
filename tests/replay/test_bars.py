"""Grouped days, custom bars and the previous close: shapes, dates that may be asked for, adjustment, pages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.data import catalogue
from app.replay.data.stories import Stories
from app.replay.dialect import Call
from app.replay.polygon.dialect import BASIC, Polygon
from tests.replay.asking import ask, every_page, new_york

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData

GROUPED = "/v2/aggs/grouped/locale/us/market/stocks"
LONG = type(BASIC)(name="long", windows=BASIC.windows, history_years=20)
TIMEFRAME = "Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing"
TOO_EARLY = (
    "Attempted to request today's data before end of day. Please upgrade your plan at https://polygon.io/pricing"
)


@pytest.fixture(scope="module")
def year(sp500: MarketData) -> Polygon:
    return Polygon(sp500, Stories(sp500))


@pytest.fixture(scope="module")
def five(splits: MarketData) -> Polygon:
    return Polygon(splits, Stories(splits), LONG)


def test_a_grouped_day_has_polygon_s_shape_and_the_data_s_figures(year: Polygon) -> None:
    status, body = ask(year, f"{GROUPED}/2010-05-06?adjusted=false", "2010-05-07 09:00")
    assert status == 200
    assert list(body) == ["queryCount", "resultsCount", "adjusted", "results", "status", "request_id", "count"]
    assert (body["status"], body["adjusted"], body["resultsCount"]) == ("OK", False, len(body["results"]))
    assert len(body["request_id"]) == 32
    crash = next(bar for bar in body["results"] if bar["T"] == "PG")
    close_ms = int(new_york("2010-05-06 16:00").timestamp() * 1_000)
    assert crash == {"T": "PG", "v": 28565700.0, "o": 61.91, "c": 60.75, "h": 62.67, "l": 39.37, "t": close_ms}


@pytest.mark.parametrize(
    ("now", "day", "status", "text"),
    [
        ("2010-04-26 15:59", "2010-04-26", 403, TOO_EARLY),
        ("2010-04-26 19:59:59", "2010-04-26", 403, TOO_EARLY),
        ("2010-04-26 20:00", "2010-04-26", 200, None),
        # Clocks went forward on 2010-03-14 and back on 2009-11-01: it is 20:00 by New York's clocks all the same.
        ("2010-03-15 19:59", "2010-03-15", 403, TOO_EARLY),
        ("2010-03-15 20:00", "2010-03-15", 200, None),
        ("2009-11-05 19:59", "2009-11-05", 403, TOO_EARLY),
        ("2009-11-05 20:00", "2009-11-05", 200, None),
        ("2010-04-24 12:00", "2010-04-24", 403, TOO_EARLY),
        ("2010-04-26 12:00", "2010-04-27", 403, TIMEFRAME),
        ("2010-04-26 23:00", "2011-04-27", 403, TIMEFRAME),
        ("2010-04-26 12:00", "2009-08-20", 403, TIMEFRAME),
        ("2010-04-26 12:00", "2009-08-21", 200, None),
        ("2011-08-21 12:00", "2009-08-21", 200, None),
        ("2011-08-22 12:00", "2009-08-21", 403, TIMEFRAME),
        ("2010-09-01 12:00", "2010-08-20", 200, None),
        ("2010-09-01 12:00", "2010-08-23", 200, None),
        ("2010-09-01 12:00", "2010-09-01", 403, TOO_EARLY),
    ],
)
def test_which_days_may_be_asked_for(year: Polygon, now: str, day: str, status: int, text: str | None) -> None:
    found, body = ask(year, f"{GROUPED}/{day}", now)
    assert (found, body.get("message")) == (status, text)
    assert body["status"] == ("OK" if status == 200 else "NOT_AUTHORIZED")


@pytest.mark.parametrize("day", ["2010-04-24", "2010-04-25", "2010-04-02", "2009-09-08"])
def test_a_day_without_bars_is_an_empty_success(year: Polygon, day: str) -> None:
    status, body = ask(year, f"{GROUPED}/{day}?adjusted=true")
    assert status == 200
    assert body.pop("request_id")
    assert body == {"queryCount": 0, "resultsCount": 0, "adjusted": True, "status": "OK", "count": 0}


@pytest.mark.parametrize("day", ["2010-4-23", "20100423", "2010-02-30", "yesterday", "1272000000000"])
def test_a_grouped_day_must_be_a_date(year: Polygon, day: str) -> None:
    status, body = ask(year, f"{GROUPED}/{day}")
    assert status == 400
    assert body["status"] == "ERROR"
    assert "YYYY-MM-DD" in body["error"]


def test_custom_bars_have_polygon_s_shape(year: Polygon) -> None:
    status, body = ask(year, "/v2/aggs/ticker/PG/range/1/day/2010-04-22/2010-04-23?adjusted=false")
    assert status == 200
    assert list(body) == [
        "ticker", "queryCount", "resultsCount", "adjusted", "results", "status", "request_id", "count",
    ]  # fmt: skip
    assert body["results"][0] == {"v": 8372800.0, "o": 63.51, "c": 63.59, "h": 63.74, "l": 63.23, "t": 1271908800000}
    assert body["results"][0]["t"] == new_york("2010-04-22 00:00").timestamp() * 1_000


def test_an_unknown_ticker_is_an_empty_success(year: Polygon) -> None:
    status, body = ask(year, "/v2/aggs/ticker/NOPE/range/1/day/2010-04-22/2010-04-23")
    assert status == 200
    assert (body["ticker"], body["resultsCount"], body["status"]) == ("NOPE", 0, "OK")
    assert "results" not in body


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/PG/range/1/day/2009-08-20/2010-04-23", 403, TIMEFRAME),
        ("/PG/range/1/day/2010-04-27/2010-04-28", 403, TIMEFRAME),
        ("/PG/range/1/day/2010-04-26/2010-04-26", 403, TIMEFRAME),
        ("/PG/range/1/minute/2010-04-22/2010-04-23", 403, "You are not entitled to this data"),
        ("/PG/range/1/day/2010-04-23/2010-04-22", 400, "'to' cannot be a time that occurs before 'from'"),
        ("/PG/range/1/day/tomorrow/2010-04-22", 400, "Could not parse the time parameter: 'from'"),
        ("/PG/range/1/day/2010-04-22/9999999999999999", 400, "Could not parse the time parameter: 'to'"),
        ("/PG/range/0/day/2010-04-22/2010-04-23", 400, "multiplier"),
        ("/PG/range/1/day/2010-04-22/2010-04-23?limit=50001", 400, "limit"),
        ("/PG/range/1/day/2010-04-22/2010-04-23?limit=x", 400, "limit"),
        ("/PG/range/1/day/2010-04-22/2010-04-23?sort=up", 400, "sort"),
        ("/PG/range/1/day/2010-04-22/2010-04-23?adjusted=perhaps", 400, "adjusted"),
        ("/PG/range/1/day/2010-04-22/2010-04-23?cursor=%25%25", 400, "cursor"),
    ],
)
def test_ranges_that_are_refused(year: Polygon, path: str, status: int, text: str) -> None:
    found, body = ask(year, f"/v2/aggs/ticker{path}")
    assert found == status
    assert text in body.get("message", "") + body.get("error", "")


def test_a_range_up_to_today_is_delayed_and_ends_with_the_last_final_day(year: Polygon) -> None:
    _, body = ask(year, "/v2/aggs/ticker/PG/range/1/day/2010-04-22/2010-04-26", "2010-04-26 12:00")
    assert (body["status"], body["resultsCount"]) == ("DELAYED", 2)
    _, body = ask(year, "/v2/aggs/ticker/PG/range/1/day/2010-04-22/2010-04-26", "2010-04-26 20:00")
    assert (body["status"], body["resultsCount"]) == ("DELAYED", 3)


def test_milliseconds_name_the_day_they_fall_in_in_new_york(year: Polygon) -> None:
    by_date = ask(year, "/v2/aggs/ticker/PG/range/1/day/2010-04-22/2010-04-23")[1]["results"]
    by_time = ask(year, "/v2/aggs/ticker/PG/range/1/day/1271908800000/1272081599999")[1]["results"]
    assert by_time == by_date


@given(
    limit=st.integers(1, 40),
    sort=st.sampled_from(["asc", "desc"]),
    width=st.sampled_from(
        [(1, "day"), (3, "day"), (1, "week"), (2, "week"), (1, "month"), (1, "quarter"), (1, "year")]
    ),
    first=st.integers(0, 200),
    length=st.integers(0, 250),
)
def test_pages_of_custom_bars_join_to_the_whole(
    limit: int, sort: str, width: tuple[int, str], first: int, length: int
) -> None:
    year = Polygon(catalogue.load("sp500"), Stories(catalogue.load("sp500")))
    from_ = date(2009, 8, 21) + timedelta(days=first)
    to = from_ + timedelta(days=length)
    url = f"/v2/aggs/ticker/PG/range/{width[0]}/{width[1]}/{from_}/{to}?adjusted=false&sort={sort}"
    paged = every_page(year, f"{url}&limit={limit}", "2010-08-21 12:00")
    whole = ask(year, url, "2010-08-21 12:00")[1].get("results", [])
    assert paged == whole


def test_months_are_merged_from_their_days(year: Polygon) -> None:
    url = "/v2/aggs/ticker/PG/range/1/{}/2010-03-01/2010-03-31?adjusted=false"
    days = ask(year, url.format("day"))[1]["results"]
    (month,) = ask(year, url.format("month"))[1]["results"]
    assert month == {
        "v": sum(day["v"] for day in days),
        "o": days[0]["o"],
        "c": days[-1]["c"],
        "h": max(day["h"] for day in days),
        "l": min(day["l"] for day in days),
        "t": int(new_york("2010-03-01 00:00").timestamp() * 1_000),
    }


def test_weeks_start_on_sunday_and_are_whole(year: Polygon) -> None:
    (week,) = ask(year, "/v2/aggs/ticker/PG/range/1/week/2010-04-21/2010-04-21")[1]["results"]
    days = ask(year, "/v2/aggs/ticker/PG/range/1/day/2010-04-19/2010-04-23")[1]["results"]
    assert week["t"] == new_york("2010-04-18 00:00").timestamp() * 1_000
    assert week["v"] == sum(day["v"] for day in days)


def test_adjusted_bars_know_the_splits_up_to_today_and_no_later(five: Polygon) -> None:
    url = "/v2/aggs/ticker/AAPL/range/1/day/2005-02-25/2005-02-28"
    raw = ask(five, f"{url}?adjusted=false", "2005-03-01 12:00")[1]["results"]
    assert [bar["c"] for bar in raw] == [88.99, 44.86]
    adjusted = ask(five, url, "2005-03-01 12:00")[1]["results"]
    assert [bar["c"] for bar in adjusted] == [44.495, 44.86]
    assert adjusted[0]["v"] == raw[0]["v"] * 2
    before = ask(five, url.replace("2005-02-28", "2005-02-25"), "2005-02-26 12:00")[1]["results"]
    assert before == raw[:1]


def test_a_grouped_day_is_adjusted_as_of_the_day_it_is_asked(five: Polygon) -> None:
    def close(now: str, query: str) -> Any:
        rows = ask(five, f"{GROUPED}/2005-02-25{query}", now)[1]["results"]
        return next(row["c"] for row in rows if row["T"] == "AAPL")

    assert close("2005-02-26 12:00", "") == 88.99
    assert close("2005-03-01 12:00", "") == 44.495
    assert close("2005-03-01 12:00", "?adjusted=false") == 88.99
    assert close("2005-02-26 12:00", "") == 88.99


def test_the_previous_close_is_the_newest_final_bar(year: Polygon) -> None:
    _, body = ask(year, "/v2/aggs/ticker/PG/prev", "2010-05-06 19:00")
    assert body["results"][0]["t"] == new_york("2010-05-05 16:00").timestamp() * 1_000
    _, body = ask(year, "/v2/aggs/ticker/PG/prev", "2010-05-06 20:00")
    assert body["results"][0]["l"] == 39.37


odd = st.one_of(
    st.sampled_from(
        ["PG", "1", "10000", "0", "-1", "day", "week", "year", "minute", "2010-04-22", "0001-01-01", "9999-12-31"]
    ),
    st.sampled_from(["1271908800000", "99999999999999", "-99999999999999", "true", "asc", "ticker", "", "\x00", "é|é"]),
    st.text(max_size=8),
)
names = st.sampled_from(
    ["adjusted", "sort", "order", "limit", "cursor", "ticker.gte", "search", "date", "cash_amount.lt"]
)


@given(
    path=st.sampled_from([
        f"{GROUPED}/{{}}", "/v2/aggs/ticker/{}/range/{}/{}/{}/{}", "/v2/aggs/ticker/{}/prev", "/v3/reference/tickers",
        "/v3/reference/tickers/{}", "/v3/reference/splits", "/v3/reference/dividends", "/v1/marketstatus/now", "/v3/{}",
    ]),
    parts=st.lists(odd, min_size=5, max_size=5),
    params=st.dictionaries(names, odd, max_size=4),
    to=st.sampled_from(["9999-12-31", "2010-04-23"]),
)  # fmt: skip
def test_any_request_gets_an_answer_of_the_real_host_s_kind(
    path: str, parts: list[str], params: dict[str, str], to: str
) -> None:
    five = Polygon(catalogue.load("splits"), Stories(catalogue.load("splits")), LONG)
    now = new_york("2010-04-26 12:00")
    for url in (path.format(*parts), path.format("MSFT", parts[0], parts[1], "2010-04-22", to)):
        reply = five.answer(Call(path=url, params=params, base_url="http://x", now=now))
        assert reply.status in {200, 400, 403, 404}
        assert isinstance(msgspec.json.decode(reply.body), dict)
