"""Alpha Vantage: every reply has status 200, and its words tell what it is. The words are the real host's."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.ports.providers import BarsOfSymbol, CompanyOf, CompanyReply, NewsAbout, QuoteOf, QuoteReply, SymbolBarsReply
from app.providers.alpha_vantage import ask_bars, ask_news, credentials
from app.providers.client.verdicts import RefusedError, Verdict
from tests.providers.replies import AV, DAILY, DAY, FEED, GLOBAL_QUOTE, NEWS, OVERVIEW, case, reply

THANKS = "Thank you for using Alpha Vantage! "
PLANS = "any of the premium plans at https://www.alphavantage.co/premium/ to instantly"
LIMIT = "our standard API rate limit is 25 requests per day."
MEANINGS = [
    ("Information", (f"{THANKS}Please consider spreading out your free API requests more sparingly (1 request per "
     f"second). You may subscribe to {PLANS} lift the free key rate limit (25 requests per day), raise the per-second "
     "burst limit, and unlock all premium endpoints"), Outcome.BURST, None),
    ("Information", (f"We have detected your API key as K3Y and {LIMIT} Please subscribe to {PLANS} remove all daily "
     "rate limits."), Outcome.RATE_LIMITED, None),
    ("Note", f"{THANKS}Our standard API call frequency is 5 calls per minute and 500 calls per day.",
     Outcome.RATE_LIMITED, None),
    ("Note", f"{THANKS}Our standard API call frequency is 5 calls per minute.", Outcome.RATE_LIMITED, 60),
    ("Information", f"{THANKS}This is a premium endpoint. You may subscribe to {PLANS} unlock all premium endpoints",
     Outcome.NOT_ENTITLED, None),
    ("Information", (f"{THANKS}The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY "
     f"endpoint. You may subscribe to {PLANS} unlock all premium features"), Outcome.NOT_ENTITLED, None),
    ("Error Message", ("the parameter apikey is invalid or missing. Please claim your free API key on (https://www."
     "alphavantage.co/support/#api-key). It should take less than 20 seconds."), Outcome.BAD_KEY, None),
    ("Error Message", ("Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/"
     "documentation/) for TIME_SERIES_DAILY."), Outcome.NOT_FOUND, None),
    ("Information", "Invalid inputs. Please refer to the API documentation.", Outcome.NOT_FOUND, None),
    ("Error Message", "the parameter outputsize is invalid or missing.", Outcome.BAD_REQUEST, None),
    ("Information", "Something new", Outcome.MALFORMED, None),
    ("Information", 7, Outcome.MALFORMED, None),
]  # fmt: skip
DATASETS = [Dataset.SYMBOL_BARS, Dataset.QUOTES, Dataset.PROFILES, Dataset.FUNDAMENTALS, Dataset.NEWS]


def refusal(dataset: Dataset, body: object, status: int = 200) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        case(AV, dataset).read(reply(body, status))
    return caught.value.verdict


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(("name", "words", "meaning", "wait_s"), MEANINGS)
def test_each_refusal_has_one_meaning(
    dataset: Dataset, name: str, words: object, meaning: Outcome, wait_s: float | None
) -> None:
    verdict = refusal(dataset, {name: words})
    assert (verdict.outcome, verdict.wait_s) == (meaning, wait_s)
    assert str(words) in verdict.words


def test_the_status_counts_where_the_body_says_nothing() -> None:
    assert refusal(Dataset.QUOTES, {}, 503).outcome is Outcome.SERVER_ERROR
    assert refusal(Dataset.QUOTES, {"Information": "Something new"}, 429).outcome is Outcome.RATE_LIMITED
    assert refusal(Dataset.QUOTES, b"timestamp,open\n").outcome is Outcome.MALFORMED


def test_an_unknown_symbol_is_nothing_known() -> None:
    company = case(AV, Dataset.PROFILES).read(reply({}))
    assert isinstance(company, CompanyReply)
    assert company.company.facts == {}
    for empty in ({}, {**GLOBAL_QUOTE["Global Quote"], "05. price": "0.0000"}):
        quote = case(AV, Dataset.QUOTES).read(reply({"Global Quote": empty}))
        assert isinstance(quote, QuoteReply)
        assert quote.quote is None


@pytest.mark.parametrize(("dataset", "body"), [
    (Dataset.SYMBOL_BARS, {}),
    (Dataset.SYMBOL_BARS, {**DAILY, "Meta Data": {**DAILY["Meta Data"], "2. Symbol": "KO"}}),
    (Dataset.SYMBOL_BARS, {**DAILY, "Meta Data": {**DAILY["Meta Data"], "5. Time Zone": "Asia/Tokyo"}}),
    (Dataset.PROFILES, {**OVERVIEW, "Symbol": "KO"}),
    (Dataset.QUOTES, {"Global Quote": {**GLOBAL_QUOTE["Global Quote"], "01. symbol": "KO"}}),
    (Dataset.QUOTES, {"Global Quote": {**GLOBAL_QUOTE["Global Quote"], "05. price": "-1"}}),
    (Dataset.QUOTES, {"Global Quote": {**GLOBAL_QUOTE["Global Quote"], "07. latest trading day": "yesterday"}}),
    (Dataset.QUOTES, {}),
    (Dataset.NEWS, {"items": "0"}),
])  # fmt: skip
def test_an_answer_to_another_question_is_refused(dataset: Dataset, body: object) -> None:
    assert refusal(dataset, body).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("told", ["BRK.B", "BRK-B", "brk/b"])
def test_a_class_of_shares_may_be_spelt_another_way(told: str) -> None:
    question = CompanyOf(dataset=Dataset.PROFILES, symbol="BRK.B")
    answer = AV.endpoints[Dataset.PROFILES].read(reply({**OVERVIEW, "Symbol": told}), question, frozenset())
    assert isinstance(answer, CompanyReply)
    assert answer.company.symbol == "BRK.B"


def test_an_adjusted_series_is_refused() -> None:
    row = {"1. open": "62.2", "2. high": "62.4", "3. low": "39.37", "4. close": "60.75", "5. adjusted close": "44.1",
           "6. volume": "44000000"}  # fmt: skip
    body = {**DAILY, "Time Series (Daily)": {"2010-05-06": row, "2010-05-07": row}}
    assert refusal(Dataset.SYMBOL_BARS, body).outcome is Outcome.MALFORMED


def test_bars_of_other_dates_are_left_out_and_bars_that_cannot_be_read_are_held() -> None:
    series: dict[str, Any] = DAILY["Time Series (Daily)"]
    bad = {**series["2010-05-06"], "3. low": "NaN"}
    answer = case(AV, Dataset.SYMBOL_BARS).read(reply({**DAILY, "Time Series (Daily)": {**series, "2010-05-06": bad}}))
    assert isinstance(answer, SymbolBarsReply)
    assert answer.bars.sessions.tolist() == [date(2010, 5, 7)]
    [held] = answer.unreadable
    assert (held.rule, held.symbol, held.row["bar"]["3. low"]) == ("unreadable", "PG", "NaN")
    read = AV.endpoints[Dataset.SYMBOL_BARS].read
    narrow = read(reply(DAILY), BarsOfSymbol(symbol="PG", since=DAY, until=DAY), frozenset())
    assert isinstance(narrow, SymbolBarsReply)
    assert narrow.bars.sessions.tolist() == [DAY]


def test_a_fact_that_cannot_be_is_held_alone() -> None:
    answer = case(AV, Dataset.FUNDAMENTALS).read(reply({**OVERVIEW, "PERatio": "Infinity", "EBITDA": 12}))
    assert isinstance(answer, CompanyReply)
    assert "pe_ttm" not in answer.company.facts
    assert answer.company.facts["ebitda_ttm"] == 12.0
    [held] = answer.unreadable
    assert held.row == {"PERatio": "Infinity"}


@pytest.mark.parametrize("field", [
    {"time_published": "2010-05-06 20:15"}, {"time_published": "20100532T201500"},
    {"time_published": "20990506T201500"}, {"overall_sentiment_score": 1.5}, {"url": "javascript:alert(1)"},
    {"title": " "}, {"title": None},
])  # fmt: skip
def test_an_article_that_cannot_be_is_held(field: dict[str, object]) -> None:
    body = {"feed": [{**FEED["feed"][0], **field}, FEED["feed"][0]]}
    answer: Any = case(AV, Dataset.NEWS).read(reply(body))
    assert len(answer.articles) == len(answer.unreadable) == 1
    assert json.dumps(answer.unreadable[0].row)


def test_requests_say_exactly_what_is_wanted() -> None:
    bars = ask_bars(BarsOfSymbol(symbol="PG", since=DAY))
    assert bars.params == {"function": "TIME_SERIES_DAILY", "symbol": "PG", "outputsize": "compact"}
    late = NewsAbout(companies={"PG": ""}, since=NEWS.since, until=datetime(2010, 5, 6, 20, 15, 30, tzinfo=UTC))
    span = ask_news(late).params
    assert (span["tickers"], span["time_from"], span["time_to"]) == ("PG", "20100505T0000", "20100506T2016")
    assert credentials("k").params == {"apikey": "k"}
    assert CompanyOf(dataset=Dataset.PROFILES, symbol="PG").symbol == QuoteOf(symbol="PG").symbol
