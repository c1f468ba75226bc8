"""Finnhub's replies: what each means, and what is read out of the good ones. The refusals are the real host's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import LimitHint, Outcome
from app.ports.providers import CompanyReply, EarningsBetween, EarningsReply, NewsReply, QuoteReply
from app.providers.client.verdicts import RefusedError, Verdict
from app.providers.finnhub import ask_earnings, ask_news, credentials, limits
from tests.providers.replies import CALENDAR, DAY, FH, METRIC, NEWS, NEXT, PROFILE2, STORY, case, reply

LIMIT = {"error": "API limit reached. Please try again later. Remaining Limit: 0"}
PREMIUM = {"error": "You don't have access to this resource."}
QUOTE = {"c": 60.75, "h": 62.4, "l": 39.37, "o": 62.2, "pc": 62.16, "t": 1273176000}
MEANINGS = [
    (429, LIMIT, Outcome.RATE_LIMITED),
    (200, LIMIT, Outcome.RATE_LIMITED),
    (403, PREMIUM, Outcome.NOT_ENTITLED),
    (401, PREMIUM, Outcome.NOT_ENTITLED),
    (401, {"error": "Please use an API key."}, Outcome.BAD_KEY),
    (401, {"error": "Invalid API key"}, Outcome.BAD_KEY),
    (422, {"error": "Symbol not supported."}, Outcome.NOT_FOUND),
    (422, {"error": "Wrong parameters."}, Outcome.BAD_REQUEST),
    (200, {"error": "Something new"}, Outcome.MALFORMED),
    (200, {"error": {"code": 1}}, Outcome.MALFORMED),
    (200, {"c": 60.75}, Outcome.MALFORMED),
    (200, [], Outcome.MALFORMED),
    (502, QUOTE, Outcome.SERVER_ERROR),
    (200, {**QUOTE, "c": -1}, Outcome.MALFORMED),
    (200, {**QUOTE, "t": 0}, Outcome.MALFORMED),
    (200, {**QUOTE, "t": 1e300}, Outcome.MALFORMED),
    (200, {**QUOTE, "c": "NaN"}, Outcome.MALFORMED),
]


def refusal(dataset: Dataset, body: object, status: int = 200, headers: dict[str, str] | None = None) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        case(FH, dataset).read(reply(body, status, **(headers or {})))
    return caught.value.verdict


@pytest.mark.parametrize(("status", "body", "meaning"), MEANINGS)
def test_each_refusal_has_one_meaning(status: int, body: object, meaning: Outcome) -> None:
    assert refusal(Dataset.QUOTES, body, status).outcome is meaning


@pytest.mark.parametrize("dataset", list(FH.abilities))
def test_a_refusal_is_one_for_every_dataset(dataset: Dataset) -> None:
    assert refusal(dataset, PREMIUM, 403).outcome is Outcome.NOT_ENTITLED
    assert refusal(dataset, LIMIT).outcome is Outcome.RATE_LIMITED
    assert refusal(dataset, b"<html>busy</html>", 503).outcome is Outcome.SERVER_ERROR
    assert refusal(dataset, "null", 200).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("none", [
    {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0},
    {"c": None, "h": None, "l": None, "o": None, "pc": None, "t": None},
    {"c": "0.0", "t": 0},
])  # fmt: skip
def test_zeros_and_nulls_are_no_quote(none: dict[str, object]) -> None:
    answer = case(FH, Dataset.QUOTES).read(reply(none))
    assert isinstance(answer, QuoteReply)
    assert answer.quote is None


def test_numbers_may_come_as_text() -> None:
    texts = {name: str(value) for name, value in QUOTE.items()}
    assert case(FH, Dataset.QUOTES).read_facts(reply(texts)) == case(FH, Dataset.QUOTES).expected


@pytest.mark.parametrize(("dataset", "body"), [
    (Dataset.PROFILES, {}),
    (Dataset.FUNDAMENTALS, {"metric": {}, "series": {}, "symbol": ""}),
    (Dataset.FUNDAMENTALS, {"metric": None}),
])  # fmt: skip
def test_an_unknown_company_is_nothing_known(dataset: Dataset, body: dict[str, object]) -> None:
    answer = case(FH, dataset).read(reply(body))
    assert isinstance(answer, CompanyReply)
    assert answer.company.facts == {}


def test_what_is_told_of_another_company_is_refused() -> None:
    assert refusal(Dataset.PROFILES, {**PROFILE2, "ticker": "KO"}).outcome is Outcome.MALFORMED
    assert refusal(Dataset.FUNDAMENTALS, {**METRIC, "symbol": "KO"}).outcome is Outcome.MALFORMED
    assert refusal(Dataset.FUNDAMENTALS, {"metrics": METRIC["metric"], "symbol": "PG"}).outcome is Outcome.MALFORMED


def test_facts_that_cannot_be_are_held_and_the_others_stand() -> None:
    spoilt = {**PROFILE2, "weburl": "javascript:alert(1)", "ipo": "soon", "currency": "dollars", "name": "N\x00l"}
    answer = case(FH, Dataset.PROFILES).read(reply(spoilt))
    assert isinstance(answer, CompanyReply)
    assert {next(iter(row.row)) for row in answer.unreadable} == {"weburl", "ipo", "currency", "name"}
    assert sorted(answer.company.facts) == ["country", "exchange", "industry", "phone", "shares_outstanding"]
    wrong = {name: [value] for name, value in METRIC["metric"].items()}
    assert refusal(Dataset.FUNDAMENTALS, {**METRIC, "metric": wrong}).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("field", [
    {"date": "2011-05-07"}, {"date": "7 May"}, {"quarter": 5}, {"year": None}, {"symbol": "P G"}, {"epsEstimate": []},
])  # fmt: skip
def test_a_report_that_cannot_be_is_held(field: dict[str, object]) -> None:
    rows: list[dict[str, Any]] = CALENDAR["earningsCalendar"]
    answer = case(FH, Dataset.EARNINGS).read(reply({"earningsCalendar": [{**rows[0], **field}, rows[1]]}))
    assert isinstance(answer, EarningsReply)
    assert [one.symbol for one in answer.earnings] == ["KO"]
    assert len(answer.unreadable) == 1


def test_no_earnings_and_no_news_are_no_error() -> None:
    assert case(FH, Dataset.EARNINGS).read_facts(reply({"earningsCalendar": []})) == []
    assert case(FH, Dataset.NEWS).read_facts(reply([])) == []


def test_news_is_sorted_named_by_its_id_and_tied_to_the_company_that_was_asked_about() -> None:
    older = {**STORY, "id": 0, "datetime": 1273100000, "related": "", "image": "none", "summary": "", "source": None}
    answer = case(FH, Dataset.NEWS).read(reply([older, STORY, {**STORY, "related": "PG,KO, X:Y"}]))
    assert isinstance(answer, NewsReply)
    assert [one.ref for one in answer.articles] == ["4711", "4711", STORY["url"]]
    last = answer.articles[-1]
    assert (last.symbols, last.image_url, last.summary, last.source) == (("PG",), None, None, None)
    assert answer.articles[1].symbols == ("PG", "KO")


def test_a_limit_says_when_its_minute_ends() -> None:
    now = datetime(2010, 5, 6, 14, tzinfo=UTC)
    headers = {
        "date": "Thu, 06 May 2010 14:00:00 GMT",
        "x_ratelimit_limit": "60",
        "x_ratelimit_remaining": "0",
        "x_ratelimit_reset": str(int(now.timestamp()) + 17),
    }
    assert refusal(Dataset.QUOTES, LIMIT, 429, headers).wait_s == 17
    assert refusal(Dataset.QUOTES, LIMIT, 429, {**headers, "retry_after": "5"}).wait_s == 5
    assert refusal(Dataset.QUOTES, LIMIT, 429).wait_s is None
    hint = limits(reply(QUOTE, 200, **headers))
    assert hint == LimitHint(span_s=60, limit=60, remaining=0, reset_at=now + timedelta(seconds=17))
    assert limits(reply(QUOTE)) is None
    assert (
        limits(reply(QUOTE, x_ratelimit_remaining="-1", x_ratelimit_reset="9" * 30, x_ratelimit_limit="many")) is None
    )


def test_requests_say_exactly_what_is_wanted() -> None:
    earnings = ask_earnings(EarningsBetween(first=DAY, last=NEXT))
    assert earnings.params == {"from": DAY.isoformat(), "to": NEXT.isoformat()}
    assert ask_news(NEWS).params == {"symbol": "PG", "from": "2010-05-05", "to": "2010-05-08"}
    assert credentials("k").headers == {"X-Finnhub-Token": "k"}
