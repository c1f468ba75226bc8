"""Small good replies, made by us in the shapes of the real ones: one for each dataset of each provider."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from app.domain.datasets import Dataset
from app.ports.providers import (
    ActionsPage,
    BarsOfDay,
    BarsOfSymbol,
    CompanyOf,
    EarningsBetween,
    NewsAbout,
    Question,
    QuoteOf,
    Reply,
    TickersPage,
)
from app.providers import alpha_vantage, finnhub, newsapi, polygon
from app.providers.client.http import RawReply
from app.providers.client.source import Declaration

DAY, NEXT = date(2010, 5, 6), date(2010, 5, 7)
# 16:00 and midnight in New York.
CLOSE_MS, MIDNIGHT_MS = 1273176000000, 1273118400000
CLOSE_AT = datetime(2010, 5, 6, 20, tzinfo=UTC)
NEWS = NewsAbout(
    companies={"PG": "Procter & Gamble Co"},
    since=datetime(2010, 5, 5, tzinfo=UTC),
    until=datetime(2010, 5, 8, tzinfo=UTC),
)


def reply(body: object, status: int = 200, **headers: str) -> RawReply:
    """Wrap a body, or bytes, as a whole reply."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawReply(status=status, content_type="application/json", body=raw, duration_ms=1.0, headers=names)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One dataset of one provider: what is asked, a good reply, and the facts that Groat makes of it."""

    declaration: Declaration
    question: Question[Any]
    body: Any
    facts: Callable[[Any], list[Any]]
    expected: list[Any]

    @property
    def name(self) -> str:
        """Name the case in the report."""
        return f"{self.declaration.name}-{self.question.dataset}"

    def read(self, raw: RawReply) -> Reply:
        """Read a reply to the question."""
        hosts = self.declaration.twins or frozenset({"127.0.0.1"})
        return self.declaration.endpoints[self.question.dataset].read(raw, self.question, hosts)

    def read_facts(self, raw: RawReply) -> list[Any]:
        """Read a reply to the question; return its facts."""
        return self.facts(self.read(raw))


def bars_of(answer: Any) -> list[Any]:
    """Return bars as rows: symbol, session, open, high, low, close, volume."""
    bars = answer.bars
    columns = (
        bars.symbols,
        bars.sessions.tolist(),
        *(c.tolist() for c in (bars.open, bars.high, bars.low, bars.close)),
    )
    return list(zip(*columns, bars.volume.tolist(), strict=True))


def company_of(answer: Any) -> list[Any]:
    """Return a company's facts, in order."""
    return sorted(answer.company.facts.items())


def article_of(answer: Any) -> list[Any]:
    """Return of each article what tells it from others."""
    return [
        (one.ref, one.title, one.published_at, one.symbols, [(s.symbol, s.score, s.label) for s in one.sentiments])
        for one in answer.articles
    ]


def quote_of(answer: Any) -> list[Any]:
    """Return the quote, in a list of one or none."""
    quote = answer.quote
    return [(quote.symbol, quote.at, quote.price, quote.low, quote.volume)] if quote else []


PROFILE2: dict[str, Any] = {
    "country": "US",
    "currency": "USD",
    "exchange": "NEW YORK STOCK EXCHANGE, INC.",
    "finnhubIndustry": "Consumer products",
    "ipo": "1978-01-13",
    "logo": "https://example.test/pg.png",
    "marketCapitalization": 180123.5,
    "name": "Procter & Gamble Co",
    "phone": "15139831100",
    "shareOutstanding": 2883.37,
    "ticker": "PG",
    "weburl": "https://www.pg.example/",
}
METRIC: dict[str, Any] = {
    "metric": {
        "10DayAverageTradingVolume": 11.25,
        "52WeekHigh": 64.58,
        "52WeekHighDate": "2010-04-05",
        "52WeekLow": 39.37,
        "beta": 0.55,
        "currentDividendYieldTTM": 3.1,
        "enterpriseValue": 205000,
        "marketCapitalization": 180123.5,
        "peTTM": None,
        "roeTTM": 17.4,
        "totalDebt/totalEquityQuarterly": 0.59,
    },
    "metricType": "all",
    "series": {"annual": {"eps": [{"period": "2009-06-30", "v": 3.39}]}, "quarterly": {}},
    "symbol": "PG",
}
CALENDAR: dict[str, Any] = {
    "earningsCalendar": [
        {"date": "2010-05-07", "epsActual": None, "epsEstimate": 0.82, "hour": "bmo", "quarter": 3,
         "revenueActual": None, "revenueEstimate": 19180000000, "symbol": "PG", "year": 2010},
        {"date": "2010-05-06", "epsActual": 0.8, "epsEstimate": 0.75, "hour": "", "quarter": 1,
         "revenueActual": 7525000000, "revenueEstimate": 7300000000, "symbol": "KO", "year": 2010},
    ]
}  # fmt: skip
STORY: dict[str, Any] = {
    "category": "company",
    "datetime": 1273176900,
    "headline": "A share falls for minutes",
    "id": 4711,
    "image": "https://example.test/a.png",
    "related": "PG",
    "source": "Example Wire",
    "summary": "It came back the same afternoon.",
    "url": "https://example.test/news?id=4711",
}
OVERVIEW: dict[str, Any] = {
    "Symbol": "PG",
    "AssetType": "Common Stock",
    "Name": "Procter & Gamble Company",
    "Description": "It makes soap.",
    "CIK": "80424",
    "Exchange": "NYSE",
    "Currency": "USD",
    "Country": "USA",
    "Sector": "Consumer Defensive",
    "Industry": "Household Products",
    "FullTimeEmployees": "127000",
    "LatestQuarter": "2010-03-31",
    "MarketCapitalization": "180123500000",
    "EBITDA": "None",
    "PERatio": "15.21",
    "PEGRatio": "-",
    "DividendYield": "0.0529",
    "ProfitMargin": "0.1043",
    "QuarterlyEarningsGrowthYOY": "-0.458",
    "52WeekHigh": "64.58",
    "52WeekLow": "39.37",
    "SharesOutstanding": "2883370000",
}
DAILY: dict[str, Any] = {
    "Meta Data": {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": "PG",
        "3. Last Refreshed": "2010-05-07",
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    },
    "Time Series (Daily)": {
        "2010-05-07": {"1. open": "60.5000", "2. high": "62.5500", "3. low": "60.1900", "4. close": "61.2500",
                       "5. volume": "25000100"},
        "2010-05-06": {"1. open": "62.2000", "2. high": "62.4000", "3. low": "39.3700", "4. close": "60.7500",
                       "5. volume": "44000000"},
    },
}  # fmt: skip
GLOBAL_QUOTE: dict[str, Any] = {
    "Global Quote": {
        "01. symbol": "PG",
        "02. open": "62.2000",
        "03. high": "62.4000",
        "04. low": "39.3700",
        "05. price": "60.7500",
        "06. volume": "44000000",
        "07. latest trading day": "2010-05-06",
        "08. previous close": "62.1600",
        "09. change": "-1.4100",
        "10. change percent": "-2.2683%",
    }
}
FEED: dict[str, Any] = {
    "items": "1",
    "sentiment_score_definition": "x <= -0.35: Bearish; ...",
    "feed": [
        {
            "title": "A share falls for minutes",
            "url": "https://example.test/falls",
            "time_published": "20100506T201500",
            "authors": ["A. Writer", "B. Writer"],
            "summary": "It came back.",
            "banner_image": None,
            "source": "Example Wire",
            "topics": [{"topic": "Financial Markets", "relevance_score": "1.0"}],
            "overall_sentiment_score": -0.21,
            "overall_sentiment_label": "Somewhat-Bearish",
            "ticker_sentiment": [
                {"ticker": "PG", "relevance_score": "0.3", "ticker_sentiment_score": "-0.2174",
                 "ticker_sentiment_label": "Somewhat-Bearish"},
                {"ticker": "FOREX:USD", "relevance_score": "0.1", "ticker_sentiment_score": "0.0",
                 "ticker_sentiment_label": "Neutral"},
            ],
        }
    ],
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "status": "ok",
    "totalResults": 38,
    "articles": [
        {"source": {"id": None, "name": "Example Wire"}, "author": None, "title": "A share falls for minutes",
         "description": "It came back.", "url": "https://example.test/falls", "urlToImage": None,
         "publishedAt": "2010-05-06T20:15:00Z", "content": "It came back\u2026 [+90 chars]"},
        {"source": {"id": None, "name": "[Removed]"}, "author": None, "title": "[Removed]",
         "description": "[Removed]", "url": "https://removed.com", "urlToImage": None,
         "publishedAt": "2010-05-06T20:15:00Z", "content": "[Removed]"},
    ],
}  # fmt: skip
GROUPED: dict[str, Any] = {
    "status": "OK", "adjusted": False, "queryCount": 1, "resultsCount": 1, "count": 1,
    "results": [{"T": "PG", "v": 44e6, "vw": 60.1, "o": 62.2, "c": 60.75, "h": 62.4, "l": 39.37,
                 "t": CLOSE_MS, "n": 9}],
}  # fmt: skip
AGGREGATES: dict[str, Any] = {
    "ticker": "PG", "status": "OK", "adjusted": False, "queryCount": 2, "resultsCount": 2, "count": 2,
    "results": [
        {"v": 44e6, "vw": 60.1, "o": 62.2, "c": 60.75, "h": 62.4, "l": 39.37, "t": MIDNIGHT_MS, "n": 9},
        {"v": 25000100.5, "o": 60.5, "c": 61.25, "h": 62.55, "l": 60.19, "t": MIDNIGHT_MS + 86_400_000},
    ],
}  # fmt: skip
TICKERS = {"status": "OK", "results": [{"ticker": "PG", "name": "Procter & Gamble Co", "primary_exchange": "XNYS"}]}
SPLITS = {"status": "OK", "results": [{"ticker": "PG", "execution_date": "2004-06-21", "split_from": 1, "split_to": 2}]}
DIVIDENDS = {"status": "OK", "results": [{"ticker": "KO", "ex_dividend_date": "2010-06-11", "cash_amount": 0.44}]}
REFERENCE_NEWS: dict[str, Any] = {
    "status": "OK",
    "count": 1,
    "results": [
        {
            "id": "x1",
            "publisher": {"name": "Example Wire", "homepage_url": "https://example.test/"},
            "title": "A share falls for minutes",
            "author": "A. Writer",
            "published_utc": "2010-05-06T20:15:00Z",
            "article_url": "https://example.test/falls",
            "tickers": ["PG", "KO"],
            "description": "It came back.",
            "insights": [{"ticker": "PG", "sentiment": "negative", "sentiment_reasoning": "It fell."}],
        }
    ],
    "next_url": "https://api.massive.com/v2/reference/news?cursor=Zm9v&apiKey=x",
}

FELL = "A share falls for minutes"
LATER = datetime(2010, 5, 6, 20, 15, tzinfo=UTC)
BARS = [("PG", DAY, 62.2, 62.4, 39.37, 60.75, 44e6), ("PG", NEXT, 60.5, 62.55, 60.19, 61.25, 25000100.0)]
PROFILE = CompanyOf(dataset=Dataset.PROFILES, symbol="PG")
FUNDAMENTALS = CompanyOf(dataset=Dataset.FUNDAMENTALS, symbol="PG")
AV, FH, NA, PO = (one.DECLARATION for one in (alpha_vantage, finnhub, newsapi, polygon))
CASES = [
    Case(declaration=FH, question=QuoteOf(symbol="PG"), facts=quote_of,
         body={"c": 60.75, "d": -1.41, "dp": -2.27, "h": 62.4, "l": 39.37, "o": 62.2, "pc": 62.16, "t": 1273176000},
         expected=[("PG", CLOSE_AT, 60.75, 39.37, None)]),
    Case(declaration=FH, question=PROFILE, body=PROFILE2, facts=company_of, expected=[
        ("country", "US"), ("currency", "USD"), ("exchange", "NEW YORK STOCK EXCHANGE, INC."),
        ("industry", "Consumer products"), ("listed_on", "1978-01-13"), ("name", "Procter & Gamble Co"),
        ("phone", "15139831100"), ("shares_outstanding", 2883370000.0), ("website", "https://www.pg.example/")]),
    Case(declaration=FH, question=FUNDAMENTALS, body=METRIC, facts=company_of, expected=[
        ("average_volume_10d", 11250000.0), ("beta", 0.55), ("debt_to_equity", 0.59), ("dividend_yield", 3.1),
        ("enterprise_value", 205e9), ("high_52w", 64.58), ("low_52w", 39.37), ("market_cap", 180123500000.0),
        ("roe_ttm", 17.4)]),
    Case(declaration=FH, question=EarningsBetween(first=DAY, last=NEXT), body=CALENDAR,
         facts=lambda answer: [(e.symbol, e.fiscal_year, e.fiscal_quarter, e.report_date, e.when, e.eps_actual,
                                e.revenue_estimate) for e in answer.earnings],
         expected=[("PG", 2010, 3, NEXT, "before_open", None, 19.18e9), ("KO", 2010, 1, DAY, None, 0.8, 7.3e9)]),
    Case(declaration=FH, question=NEWS, body=[STORY], facts=article_of,
         expected=[("4711", FELL, LATER, ("PG",), [])]),
    Case(declaration=AV, question=BarsOfSymbol(symbol="PG", since=DAY), body=DAILY, facts=bars_of, expected=BARS),
    Case(declaration=AV, question=QuoteOf(symbol="PG"), body=GLOBAL_QUOTE, facts=quote_of,
         expected=[("PG", CLOSE_AT, 60.75, 39.37, 44e6)]),
    Case(declaration=AV, question=PROFILE, body=OVERVIEW, facts=company_of, expected=[
        ("cik", "0000080424"), ("country", "USA"), ("currency", "USD"), ("description", "It makes soap."),
        ("employees", 127000.0), ("exchange", "NYSE"), ("industry", "Household Products"),
        ("name", "Procter & Gamble Company"), ("sector", "Consumer Defensive"), ("shares_outstanding", 2883370000.0)]),
    Case(declaration=AV, question=FUNDAMENTALS, body=OVERVIEW, facts=company_of, expected=[
        ("dividend_yield", 5.29), ("eps_growth_yoy", -45.8), ("high_52w", 64.58), ("low_52w", 39.37),
        ("market_cap", 180123500000.0), ("net_margin_ttm", 10.43), ("pe_ttm", 15.21),
        ("sector", "Consumer Defensive"), ("shares_outstanding", 2883370000.0)]),
    Case(declaration=AV, question=NEWS, body=FEED, facts=article_of, expected=[
        ("https://example.test/falls", FELL, LATER, ("PG",),
         [(None, -0.21, "Somewhat-Bearish"), ("PG", -0.2174, "Somewhat-Bearish")])]),
    Case(declaration=NA, question=NEWS, body=EVERYTHING, facts=article_of,
         expected=[("https://example.test/falls", FELL, LATER, (), [])]),
    Case(declaration=PO, question=BarsOfDay(session=DAY), body=GROUPED, facts=bars_of, expected=BARS[:1]),
    Case(declaration=PO, question=BarsOfSymbol(symbol="PG", since=DAY), body=AGGREGATES, facts=bars_of,
         expected=[BARS[0], (*BARS[1][:6], 25000100.5)]),
    Case(declaration=PO, question=TickersPage(), body=TICKERS, facts=lambda answer: [t.symbol for t in answer.tickers],
         expected=["PG"]),
    Case(declaration=PO, question=ActionsPage(dataset=Dataset.SPLITS, since=DAY), body=SPLITS,
         facts=lambda answer: [(a.symbol, a.ex_date, a.split_to) for a in answer.actions],
         expected=[("PG", date(2004, 6, 21), 2)]),
    Case(declaration=PO, question=ActionsPage(dataset=Dataset.DIVIDENDS, since=DAY), body=DIVIDENDS,
         facts=lambda answer: [(a.symbol, a.ex_date, float(a.cash_amount)) for a in answer.actions],
         expected=[("KO", date(2010, 6, 11), 0.44)]),
    Case(declaration=PO, question=NEWS, body=REFERENCE_NEWS, facts=article_of,
         expected=[("x1", FELL, LATER, ("PG", "KO"), [("PG", None, "negative")])]),
]  # fmt: skip


def case(declaration: Declaration, dataset: Dataset) -> Case:
    """Return the case of one dataset of one provider."""
    return next(one for one in CASES if one.declaration is declaration and one.question.dataset is dataset)
