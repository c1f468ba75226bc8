"""NewsAPI's dialect: words joined by OR, a day's embargo, a month's reach, a hundred results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.data import catalogue
from app.replay.newsapi import query
from app.replay.newsapi.dialect import NewsApi
from tests.replay.asking import ask

NOON = "2010-05-08 12:00"
PG = "/v2/everything?q=%22Procter%20%26%20Gamble%22"


@pytest.fixture(scope="module")
def dialect() -> NewsApi:
    return NewsApi(catalogue.stories("sp500"))


def test_articles_are_found_by_the_company_s_name(dialect: NewsApi) -> None:
    status, body = ask(dialect, f"{PG}&sortBy=publishedAt", NOON)
    assert (status, body["status"], body["totalResults"]) == (200, "ok", len(body["articles"]))
    newest = body["articles"][-1] if len(body["articles"]) > 1 else body["articles"][0]
    assert newest["source"]["name"].startswith("Groat replay")
    assert all("Procter & Gamble" in article["title"] for article in body["articles"])
    assert all(article["title"].endswith(f" - {article['source']['name']}") for article in body["articles"])


def test_an_article_comes_a_day_late(dialect: NewsApi) -> None:
    found = {now: ask(dialect, PG, now)[1]["totalResults"] for now in ("2010-05-07 16:00", "2010-05-07 18:00")}
    assert found["2010-05-07 16:00"] < found["2010-05-07 18:00"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("", 400, "parametersMissing"),
        ("?q=a%20OR", 400, "parameterInvalid"),
        ("?q=PG&from=2010-04-06", 426, "parameterInvalid"),
        ("?q=PG&pageSize=100&page=2", 426, "maximumResultsReached"),
        ("?q=PG&pageSize=90&page=2", 426, "maximumResultsReached"),
        ("?q=PG&pageSize=101", 400, "parameterInvalid"),
        ("?q=PG&to=soon", 400, "parameterInvalid"),
        ("?q=" + "x" * 501, 400, "parameterInvalid"),
    ],
)
def test_the_plan_s_refusals(dialect: NewsApi, asked: str, status: int, code: str) -> None:
    found, body = ask(dialect, f"/v2/everything{asked}", NOON)
    assert (found, body["status"], body["code"]) == (status, "error", code)


def test_the_edge_of_the_month_is_still_served(dialect: NewsApi) -> None:
    assert ask(dialect, "/v2/everything?q=PG&from=2010-04-07", NOON)[0] == 200
    refused = ask(dialect, "/v2/everything?q=PG&from=2010-04-06", NOON)[1]["message"]
    assert "as far back as 2010-04-07, but you have requested 2010-04-06" in refused


def test_headlines_are_of_the_day_before(dialect: NewsApi) -> None:
    _, body = ask(dialect, "/v2/top-headlines?country=us", NOON)
    assert {article["publishedAt"][:10] for article in body["articles"]} <= {"2010-05-06", "2010-05-07"}
    assert body["totalResults"] > 0
    assert ask(dialect, "/v2/top-headlines", NOON)[0] == 400


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ('"big blue" OR pepsi', "the big blue sea", True),
        ('"big blue" OR pepsi', "big and blue", False),
        ("a AND (b OR c)", "c a", True),
        ("a NOT b", "a b", False),
        ("a -b", "a c", True),
        ("+ibm", "ibms", False),
    ],
)
def test_queries(asked: str, text: str, found: bool) -> None:  # noqa: FBT001  the expected value
    assert query.read(asked)(text) is found


@given(st.text(alphabet='ab ()"+-ORANDT', max_size=40))
def test_any_query_is_read_or_refused(text: str) -> None:
    try:
        test = query.read(text)
    except query.QueryError:
        return
    assert test("a b") in {True, False}


def test_keys_and_limits(dialect: NewsApi) -> None:
    assert dialect.key({}, {"x-api-key": "k"}) == dialect.key({"apiKey": "k"}, {}) == "k"
    assert b"apiKeyMissing" in dialect.bad_key(None).body
    assert b"apiKeyInvalid" in dialect.bad_key("k").body
    assert dialect.too_many("k", dialect.plan.windows).status == 429
