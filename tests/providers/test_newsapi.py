"""NewsAPI's replies and its one query for many companies. The refusals are the real host's."""

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.ports.providers import NewsReply, ProviderError, Retry
from app.providers.client.verdicts import RefusedError, Verdict
from app.providers.newsapi import any_of, ask_news, credentials, short_name
from tests.providers.replies import EVERYTHING, NA, NEWS, case, reply

UPGRADE = "Please upgrade to a paid plan if you need more"
MEANINGS = [
    (401, "apiKeyInvalid", ("Your API key is invalid or incorrect. Check your key, or go to https://newsapi.org to "
     "create a free API key."), Outcome.BAD_KEY, False, None),
    (401, "apiKeyMissing", "Your API key is missing.", Outcome.BAD_KEY, False, None),
    (429, "rateLimited", ("You have made too many requests recently. Developer accounts are limited to 100 requests "
     f"over a 24 hour period (50 requests available every 12 hours). {UPGRADE} requests."),
     Outcome.RATE_LIMITED, False, 43_200),
    (200, "rateLimited", "You have made too many requests.", Outcome.RATE_LIMITED, False, None),
    (429, "apiKeyExhausted", "Your API key has no more requests available.", Outcome.RATE_LIMITED, False, None),
    (426, "maximumResultsReached", ("You have requested too many results. Developer accounts are limited to a max of "
     f"100 results. You are trying to request results 400 to 500. {UPGRADE} results."),
     Outcome.NOT_ENTITLED, True, None),
    (426, "parameterInvalid", ("You are trying to request results too far in the past. Your plan permits you to "
     "request articles as far back as 2010-04-06, but you have requested 2010-01-01. You may need to "
     "upgrade to a paid plan."),
     Outcome.NOT_ENTITLED, True, None),
    (426, "upgradeRequired", "Your plan does not hold this.", Outcome.NOT_ENTITLED, False, None),
    (426, "corsNotAllowed", "Requests from the browser are not allowed.", Outcome.NOT_ENTITLED, False, None),
    (400, "parametersMissing", "Required parameters are missing.", Outcome.BAD_REQUEST, False, None),
    (400, "sourcesTooMany", "You have requested too many sources.", Outcome.BAD_REQUEST, False, None),
    (500, "unexpectedError", "This should not happen.", Outcome.SERVER_ERROR, False, None),
    (200, "somethingNew", "Words.", Outcome.MALFORMED, False, None),
    (426, None, None, Outcome.NOT_ENTITLED, False, None),
]  # fmt: skip


def refusal(body: object, status: int = 200) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        case(NA, Dataset.NEWS).read(reply(body, status))
    return caught.value.verdict


@pytest.mark.parametrize("row", MEANINGS, ids=lambda row: f"{row[0]} {row[1]}")
def test_each_refusal_has_one_meaning(row: tuple[int, str | None, str | None, Outcome, bool, float | None]) -> None:
    status, code, message, meaning, out_of_range, wait_s = row
    verdict = refusal({"status": "error", "code": code, "message": message}, status)
    assert (verdict.outcome, verdict.out_of_range, verdict.wait_s) == (meaning, out_of_range, wait_s)
    error = ProviderError("x", outcome=verdict.outcome, out_of_range=verdict.out_of_range)
    assert error.retry is not Retry.STOP or meaning in {Outcome.BAD_KEY, Outcome.NOT_ENTITLED}


@pytest.mark.parametrize("body", [
    {"status": "ok"},
    {"status": "OK?", "articles": []},
    {"articles": []},
    {"status": "ok", "articles": {}},
    {"status": "ok", "articles": [{}, {}]},
    [],
])  # fmt: skip
def test_what_is_not_a_page_of_articles_is_refused(body: object) -> None:
    assert refusal(body).outcome is Outcome.MALFORMED


def test_withdrawn_articles_are_left_out_and_the_total_is_told() -> None:
    answer = case(NA, Dataset.NEWS).read(reply(EVERYTHING))
    assert isinstance(answer, NewsReply)
    assert (len(answer.articles), answer.unreadable, answer.total, answer.cursor) == (1, [], 37, None)
    assert (answer.articles[0].source, answer.articles[0].author) == ("Example Wire", None)


@pytest.mark.parametrize("field", [
    {"title": None}, {"url": None}, {"publishedAt": None}, {"publishedAt": "2010-05-06T20:15:00"},
    {"publishedAt": "0001-01-01T00:00:00Z"}, {"publishedAt": "2010-06-06T20:15:00Z"}, {"url": "ftp://example.test/"},
    {"title": "x" * 1001}, {"title": "N\x00l"}, {"author": 7}, {"source": "Example Wire"},
])  # fmt: skip
def test_an_article_that_cannot_be_is_held(field: dict[str, object]) -> None:
    articles: list[dict[str, Any]] = EVERYTHING["articles"]
    answer = case(NA, Dataset.NEWS).read(reply({"status": "ok", "articles": [{**articles[0], **field}, articles[0]]}))
    assert isinstance(answer, NewsReply)
    assert len(answer.articles) == len(answer.unreadable) == 1


def test_another_zone_is_read_as_the_same_moment() -> None:
    articles: list[dict[str, Any]] = EVERYTHING["articles"]
    moved = {**articles[0], "publishedAt": "2010-05-07T05:45:00+09:30"}
    answer = case(NA, Dataset.NEWS)
    assert answer.read_facts(reply({"status": "ok", "articles": [moved]})) == answer.expected


@pytest.mark.parametrize(("name", "short"), [
    ("Apple Inc.", "Apple"),
    ("PROCTER & GAMBLE Co", "PROCTER & GAMBLE"),
    ("Alphabet Inc. Class C", "Alphabet"),
    ("Johnson & Johnson", "Johnson & Johnson"),
    ("Huntington Bancshares Inc /MD/", "Huntington Bancshares"),
    ('Say "Hi" (US), Ltd.', "Say Hi US"),
    ("Inc", "Inc"),
    ('"', ""),
])  # fmt: skip
def test_a_name_is_shortened_to_what_is_written_about(name: str, short: str) -> None:
    assert short_name(name) == short


def test_the_request_is_one_page_of_the_newest() -> None:
    params = ask_news(NEWS).params
    assert params["q"] == '"Procter & Gamble"'
    assert (params["from"], params["to"]) == ("2010-05-05T00:00:00", "2010-05-08T00:00:00")
    assert (params["sortBy"], params["pageSize"], params["page"]) == ("publishedAt", "100", "1")
    assert credentials("k").headers == {"X-Api-Key": "k"}


NAMES = st.lists(
    st.lists(st.text("abcdefgh'\"( ", min_size=1, max_size=4), min_size=1, max_size=9).map(" ".join),
    min_size=1,
    max_size=20,
)


@given(names=NAMES)
def test_the_query_of_twenty_companies_fits_and_asks_for_each(names: list[str]) -> None:
    wanted = [short for name in names if (short := short_name(name))]
    if not wanted:
        with pytest.raises(ProviderError, match="none of the companies has a name"):
            any_of(names)
        return
    query = any_of(names)
    assert len(quote_plus(query)) <= 500
    phrases = query.removeprefix('"').removesuffix('"').split('" OR "')
    assert all(phrases)
    assert all(any(whole.startswith(phrase) for phrase in phrases) for whole in wanted)


def test_names_that_cannot_fit_are_refused_before_the_call() -> None:
    with pytest.raises(ProviderError, match="too long for one query"):
        any_of([f"{'x' * 60}{n}" for n in range(20)])
