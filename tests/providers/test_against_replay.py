"""The providers ask the replay market, which was written apart from them: what one sends, the other understands."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.ports.providers import (
    ActionsPage,
    BarsOfDay,
    BarsOfSymbol,
    CompanyOf,
    EarningsBetween,
    NewsAbout,
    Question,
    QuoteOf,
    TickersPage,
)
from app.providers.client.http import RawReply
from app.providers.client.source import Declaration
from app.providers.client.verdicts import RefusedError
from app.providers.registry import DECLARATIONS
from app.replay.alpha_vantage.dialect import AlphaVantage
from app.replay.data import catalogue
from app.replay.dialect import Call
from app.replay.finnhub.dialect import Finnhub
from app.replay.newsapi.dialect import NewsApi
from app.replay.polygon.dialect import BASIC, Polygon
from tests.providers.replies import AV, FH, NA, PO, bars_of, quote_of
from tests.replay.asking import BASE_URL, new_york

if TYPE_CHECKING:
    from app.replay.dialect import Dialect

DAY = date(2010, 5, 6)
CRASH = "Procter & Gamble (PG) closes at 60.75, down 2.3 %; low of the day 39.37"
Ask = Any


def about(symbol: str) -> NewsAbout:
    name = "PROCTER & GAMBLE Co" if symbol == "PG" else "Nobody Knows Inc."
    since, until = datetime(2010, 5, 5, tzinfo=UTC), datetime(2010, 5, 8, tzinfo=UTC)
    return NewsAbout(companies={symbol: name}, since=since, until=until)


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Ask a provider's dialect, as it is on a Sunday in May 2010."""
    data, stories = catalogue.load("sp500"), catalogue.stories("sp500")
    dialects: dict[str, Dialect] = {
        "polygon": Polygon(data, stories, BASIC),
        "alpha_vantage": AlphaVantage(data, stories),
        "finnhub": Finnhub(data, stories),
        "newsapi": NewsApi(stories),
    }

    def asked(declaration: Declaration, question: Question[Any]) -> Any:
        endpoint = declaration.endpoints[question.dataset]
        request = endpoint.request(question)
        call = Call(path=request.path, params=request.params, base_url=BASE_URL, now=new_york("2010-05-09 12:00"))
        told = dialects[declaration.name].answer(call)
        raw = RawReply(status=told.status, content_type="application/json", body=told.body, duration_ms=1.0)
        return endpoint.read(raw, question, frozenset({"127.0.0.1"}))

    return asked


QUESTIONS: dict[Dataset, Question[Any]] = {
    Dataset.BARS_DAILY: BarsOfDay(session=DAY),
    Dataset.INSTRUMENTS: TickersPage(),
    Dataset.SPLITS: ActionsPage(dataset=Dataset.SPLITS, since=date(2000, 1, 1)),
    Dataset.DIVIDENDS: ActionsPage(dataset=Dataset.DIVIDENDS, since=date(2000, 1, 1)),
    Dataset.SYMBOL_BARS: BarsOfSymbol(symbol="PG", since=date(2010, 5, 3), until=DAY),
    Dataset.PROFILES: CompanyOf(dataset=Dataset.PROFILES, symbol="PG"),
    Dataset.FUNDAMENTALS: CompanyOf(dataset=Dataset.FUNDAMENTALS, symbol="PG"),
    Dataset.QUOTES: QuoteOf(symbol="PG"),
    Dataset.EARNINGS: EarningsBetween(first=DAY, last=date(2010, 5, 20)),
    Dataset.NEWS: about("PG"),
}
PAIRS = [(one, dataset) for one in DECLARATIONS for dataset in one.abilities]


@pytest.mark.parametrize(("declaration", "dataset"), PAIRS, ids=lambda one: getattr(one, "name", str(one)))
def test_each_question_is_understood_and_its_answer_read_whole(
    ask: Ask, declaration: Declaration, dataset: Dataset
) -> None:
    assert ask(declaration, QUESTIONS[dataset]).unreadable == []


@pytest.mark.parametrize("declaration", [FH, AV], ids=lambda one: one.name)
def test_both_quote_the_last_close(ask: Ask, declaration: Declaration) -> None:
    [(symbol, at, price, *_)] = quote_of(ask(declaration, QUESTIONS[Dataset.QUOTES]))
    assert (symbol, at) == ("PG", datetime(2010, 5, 7, 20, tzinfo=UTC))
    assert 59 < price < 62
    assert quote_of(ask(declaration, QuoteOf(symbol="NOSUCH"))) == []


def test_both_tell_the_same_bars_of_a_symbol(ask: Ask) -> None:
    told = [bars_of(ask(declaration, QUESTIONS[Dataset.SYMBOL_BARS])) for declaration in (AV, PO)]
    assert told[0] == told[1]
    assert [row[1].day for row in told[0]] == [3, 4, 5, 6]
    assert told[0][-1][4:6] == (39.37, 60.75)


@pytest.mark.parametrize("declaration", [NA, FH, PO, AV], ids=lambda one: one.name)
def test_all_tell_of_the_crash(ask: Ask, declaration: Declaration) -> None:
    titles = [article.title for article in ask(declaration, about("PG")).articles]
    assert any(title.startswith(CRASH) for title in titles)


@pytest.mark.parametrize("declaration", [FH, AV], ids=lambda one: one.name)
def test_both_know_the_companys_name_and_nothing_of_an_unknown_one(ask: Ask, declaration: Declaration) -> None:
    assert ask(declaration, QUESTIONS[Dataset.PROFILES]).company.facts["name"] == "Procter & Gamble"
    assert ask(declaration, CompanyOf(dataset=Dataset.PROFILES, symbol="NOSUCH")).company.facts == {}


def test_an_unknown_symbol_is_named_as_such(ask: Ask) -> None:
    assert ask(PO, BarsOfSymbol(symbol="NOSUCH", since=DAY, until=DAY)).bars.symbols == []
    assert ask(NA, about("NOSUCH")).articles == []
    assert ask(FH, about("NOSUCH")).articles == []
    for question in (BarsOfSymbol(symbol="NOSUCH", since=DAY), about("NOSUCH")):
        with pytest.raises(RefusedError) as caught:
            ask(AV, question)
        assert caught.value.verdict.outcome is Outcome.NOT_FOUND


def test_too_far_back_refuses_the_dates_only(ask: Ask) -> None:
    old = BarsOfSymbol(symbol="PG", since=date(2001, 1, 2), until=date(2001, 1, 3))
    for declaration, question in ((PO, old), (PO, BarsOfDay(session=date(2001, 1, 3)))):
        with pytest.raises(RefusedError) as caught:
            ask(declaration, question)
        assert (caught.value.verdict.outcome, caught.value.verdict.out_of_range) == (Outcome.NOT_ENTITLED, True)


def test_newsapi_gives_no_older_news_than_its_plan_holds(ask: Ask) -> None:
    since, until = datetime(2009, 12, 1, tzinfo=UTC), datetime(2009, 12, 2, tzinfo=UTC)
    with pytest.raises(RefusedError) as caught:
        ask(NA, NewsAbout(companies={"PG": "Procter & Gamble"}, since=since, until=until))
    assert (caught.value.verdict.outcome, caught.value.verdict.out_of_range) == (Outcome.NOT_ENTITLED, True)
