"""Alpha Vantage: a symbol's last 100 raw daily bars, what a company is and earns, quotes, and news with scores.

Free key: 25 calls a day and one a second. Every reply has status 200, limits and refusals too.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.news import Article, ReportedSentiment
from app.domain.quotas import Outcome, Window
from app.domain.quotes import ReportedQuote
from app.domain.sessions import NEW_YORK
from app.ports.providers import (
    Ability,
    BarsOfSymbol,
    CompanyOf,
    CompanyReply,
    NewsAbout,
    NewsReply,
    QuoteOf,
    QuoteReply,
    SymbolBarsReply,
)
from app.providers.client.articles import MOST_UNSOUND, newest_first, picture, published, tickers, worded
from app.providers.client.facts import cik, company_facts, currency, from_share, iso_day, site, text
from app.providers.client.http import RawReply, Request
from app.providers.client.reading import held_row, read_each, refuse_other, refuse_too_many
from app.providers.client.source import Credentials, Declaration, Endpoint
from app.providers.client.verdicts import (
    RefusedError,
    Verdict,
    body_of,
    by_status,
    by_words,
    decoded,
    not_json,
    refusal,
    refuse,
    shown,
)
from app.providers.client.wire import Told, UnsoundError, day, from_compact, number, price, unexpected
from app.providers.rows.alpha_vantage import Bar, Feed, Quote, QuoteBody, Series, Story

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.providers.client.facts import Reader

NAME = "alpha_vantage"
# A day of any time zone, whichever midnight is meant and whatever daylight saving time does.
DAY_S = 90_000
MINUTE_S = 60.0
# 100 sessions are at least 20 weeks.
HISTORY = timedelta(days=139)
FINAL_DELAY = timedelta(hours=4)
ZONES = frozenset({"US/Eastern", NEW_YORK})
CLOSE = time(16, tzinfo=ZoneInfo(NEW_YORK))
MOST_NEWS = 1000

# In this order. The text of the burst also speaks of the day and of premium plans, and the day's of premium plans.
MEANINGS = (
    (r"(per|a|each|every)[ -]second|/ ?sec|spreading out|more sparingly|burst", Verdict(outcome=Outcome.BURST)),
    (r"is a premium\b|premium (endpoint|feature|function|parameter)\b", Verdict(outcome=Outcome.NOT_ENTITLED)),
    (
        r"(per|a|each) day\b|/ ?day|\bdaily (api |rate |request |call )*(limit|quota)",
        Verdict(outcome=Outcome.RATE_LIMITED),
    ),
    (
        r"(per|a|each) minute|rate limit|call (frequency|volume)|too many",
        Verdict(outcome=Outcome.RATE_LIMITED, wait_s=MINUTE_S),
    ),
    (r"invalid api call|invalid inputs?\b|invalid symbol|no articles found", Verdict(outcome=Outcome.NOT_FOUND)),
    (r"api ?key", Verdict(outcome=Outcome.BAD_KEY)),
    (r"\bparameter\b.*\b(invalid|missing)\b|\bdoes not exist", Verdict(outcome=Outcome.BAD_REQUEST)),
    (r"premium", Verdict(outcome=Outcome.NOT_ENTITLED)),
)
# From here on, a refusal praises what a plan would lift: seconds, days and premium endpoints alike.
PRAISE = re.compile(r"(you may|please|to) subscribe\b|please visit\b", re.IGNORECASE)
REFUSALS = frozenset({"error message", "information", "note"})

PROFILE: Mapping[str, tuple[str, Reader]] = {
    "name": ("Name", text),
    "exchange": ("Exchange", text),
    "country": ("Country", text),
    "currency": ("Currency", currency),
    "sector": ("Sector", text),
    "industry": ("Industry", text),
    "website": ("OfficialSite", site),
    "description": ("Description", text),
    "cik": ("CIK", cik),
    "listed_on": ("IPODate", iso_day),
    "employees": ("FullTimeEmployees", number),
    "shares_outstanding": ("SharesOutstanding", number),
}
FUNDAMENTALS: Mapping[str, tuple[str, Reader]] = {
    # Told with each overview, and profiles are mostly asked of others: without it, nobody would know the sectors.
    "sector": ("Sector", text),
    "market_cap": ("MarketCapitalization", number),
    "shares_outstanding": ("SharesOutstanding", number),
    "shares_float": ("SharesFloat", number),
    "pe_ttm": ("PERatio", number),
    "forward_pe": ("ForwardPE", number),
    "peg": ("PEGRatio", number),
    "pb": ("PriceToBookRatio", number),
    "ps_ttm": ("PriceToSalesRatioTTM", number),
    "ev_ebitda": ("EVToEBITDA", number),
    "ev_revenue": ("EVToRevenue", number),
    "eps_ttm": ("DilutedEPSTTM", number),
    "book_value_per_share": ("BookValue", number),
    "revenue_ttm": ("RevenueTTM", number),
    "ebitda_ttm": ("EBITDA", number),
    "revenue_per_share_ttm": ("RevenuePerShareTTM", number),
    "operating_margin_ttm": ("OperatingMarginTTM", from_share),
    "net_margin_ttm": ("ProfitMargin", from_share),
    "roe_ttm": ("ReturnOnEquityTTM", from_share),
    "roa_ttm": ("ReturnOnAssetsTTM", from_share),
    "revenue_growth_yoy": ("QuarterlyRevenueGrowthYOY", from_share),
    "eps_growth_yoy": ("QuarterlyEarningsGrowthYOY", from_share),
    "dividend_yield": ("DividendYield", from_share),
    "dividend_per_share": ("DividendPerShare", number),
    "payout_ratio": ("PayoutRatio", from_share),
    "beta": ("Beta", number),
    "high_52w": ("52WeekHigh", number),
    "low_52w": ("52WeekLow", number),
    "target_price": ("AnalystTargetPrice", number),
}
FACTS = {Dataset.PROFILES: PROFILE, Dataset.FUNDAMENTALS: FUNDAMENTALS}


Body = TypeVar("Body")


def credentials(key: str) -> Credentials:
    """Send the key in the query: this provider takes it nowhere else."""
    return Credentials(params={"apikey": key})


def asked(function: str, **params: str) -> Request:
    """Ask for one of the provider's functions."""
    return Request(path="/query", params={"function": function, **params})


def ask_bars(question: BarsOfSymbol) -> Request:
    """Ask for a symbol's last 100 raw daily bars; more is premium."""
    return asked("TIME_SERIES_DAILY", symbol=question.symbol, outputsize="compact")


def ask_company(question: CompanyOf) -> Request:
    """Ask what a company is and earns: both come in one reply."""
    return asked("OVERVIEW", symbol=question.symbol)


def ask_quote(question: QuoteOf) -> Request:
    """Ask for a symbol's last trading day."""
    return asked("GLOBAL_QUOTE", symbol=question.symbol)


def ask_news(question: NewsAbout) -> Request:
    """Ask for the newest articles about one company: of several tickers, only those about all of them would come."""
    [symbol] = question.companies
    # To the minute: the last one is asked for as a whole.
    until = question.until + timedelta(seconds=59)
    span = {name: at.astimezone(UTC).strftime("%Y%m%dT%H%M") for name, at in (("from", question.since), ("to", until))}
    times = {f"time_{name}": at for name, at in span.items()}
    return asked("NEWS_SENTIMENT", tickers=symbol, **times, sort="LATEST", limit=str(MOST_NEWS))


def opened(reply: RawReply, kind: type[Body]) -> Body:
    """Return a reply's body; raise RefusedError unless it is a success."""
    verdict = not_json(reply, MEANINGS)
    if verdict is None:
        told = body_of(reply, dict[str, object])
        words = next((said for name, said in told.items() if name.casefold() in REFUSALS), None)
        verdict = judged(str(words), reply) if words is not None else by_status(reply.status, shown(reply.body))
    if verdict is None:
        return decoded(reply.body, kind)
    raise refusal(verdict, reply)


def judged(words: str, reply: RawReply) -> Verdict:
    """Return what a refusal means."""
    unknown = Verdict(outcome=Outcome.MALFORMED, words=f"a refusal without a meaning known here: {words[:500]}")
    plain = by_words(PRAISE.split(words, maxsplit=1)[0][:500], MEANINGS)
    verdict = plain or by_words(words[:500], MEANINGS) or by_status(reply.status, shown(reply.body)) or unknown
    return msgspec.structs.replace(verdict, words=verdict.words if verdict is unknown else words[:500])


def read_bars(reply: RawReply, question: BarsOfSymbol, _hosts: frozenset[str]) -> SymbolBarsReply:
    """Read raw daily bars; refuse another symbol's, another time zone's, and adjusted ones."""
    told = opened(reply, Series)
    refuse_other(told.meta.symbol, question.symbol)
    if told.meta.zone not in ZONES:
        refuse(f"bars of the time zone {told.meta.zone[:40]!r}, though {NEW_YORK} was expected")
    found: dict[date, tuple[float, ...]] = {}
    unreadable = []
    for when, raw in told.bars.items():
        try:
            session = day(when)
            numbers = decoded(raw, Bar).numbers()
        except (UnsoundError, RefusedError) as e:
            error = e if isinstance(e, UnsoundError) else UnsoundError(str(e))
            unreadable.append(held_row(error, {"symbol": question.symbol, "date": when, "bar": decoded(raw, object)}))
            continue
        if question.since <= session <= (question.until or date.max):
            found[session] = numbers
    refuse_too_many(unreadable, len(told.bars))
    bars = columns(question.symbol, found)
    return SymbolBarsReply(symbol=question.symbol, bars=bars, unreadable=unreadable, payload=reply.payload)


def columns(symbol: str, found: dict[date, tuple[float, ...]]) -> DailyBars:
    """Put bars into columns, the oldest first."""
    sessions = sorted(found)
    rows = np.array([found[session] for session in sessions], dtype=np.float64).reshape(len(sessions), 5)
    return DailyBars(
        symbols=[symbol] * len(sessions),
        sessions=np.array(sessions, dtype="datetime64[D]"),
        open=rows[:, 0],
        high=rows[:, 1],
        low=rows[:, 2],
        close=rows[:, 3],
        volume=rows[:, 4],
        vwap=np.full(len(sessions), np.nan),
        trades=np.full(len(sessions), -1, dtype=np.int64),
    )


def read_company(reply: RawReply, question: CompanyOf, _hosts: frozenset[str]) -> CompanyReply:
    """Read the facts of the dataset that was asked for; an empty object is nothing known."""
    told = opened(reply, dict[str, object])
    if told:
        refuse_other(told.get("Symbol"), question.symbol)
    company, unsound = company_facts(question.symbol, told, FACTS[question.dataset])
    return CompanyReply(company=company, unreadable=unsound, payload=reply.payload)


def read_quote(reply: RawReply, question: QuoteOf, _hosts: frozenset[str]) -> QuoteReply:
    """Read a quote: the provider tells a trading day only, and the price is taken for that of its regular close."""
    body = opened(reply, QuoteBody).quote
    quote = None
    if decoded(body, dict[str, object]):
        told = decoded(body, Quote)
        refuse_other(told.symbol, question.symbol)
        try:
            quote = made_quote(told, question.symbol)
        except UnsoundError as e:
            refuse(f"a quote that cannot be: {e}")
    return QuoteReply(quote=quote, unreadable=[], payload=reply.payload)


def made_quote(told: Quote, symbol: str) -> ReportedQuote | None:
    """Return a quote; None without a price."""
    last = price(told.price)
    if last is None:
        return None
    return ReportedQuote(
        symbol=symbol,
        at=datetime.combine(day(told.trading_day), CLOSE).astimezone(UTC),
        price=last,
        open=price(told.open),
        high=price(told.high),
        low=price(told.low),
        previous_close=price(told.previous_close),
        volume=number(told.volume),
    )


def read_news(reply: RawReply, question: NewsAbout, _hosts: frozenset[str]) -> NewsReply:
    """Read articles with the provider's own scores."""

    def made(row: Story) -> Article:
        scores = row.ticker_sentiment or []
        known = tickers([score.ticker for score in scores])
        each = [sentiment(one.score, one.label, one.ticker) for one in scores if one.ticker in known]
        return Article(
            ref=row.url,
            url=row.url,
            title=row.title.strip(),
            published_at=published(from_compact(row.time_published), question),
            source=worded(row.source),
            author=worded(", ".join(row.authors or [])[:500]),
            summary=worded(row.summary),
            image_url=picture(row.banner_image),
            symbols=known,
            sentiments=tuple(one for one in (sentiment(row.score, row.label), *each) if one),
        )

    articles, unreadable = read_each(opened(reply, Feed).feed, Story, made, MOST_UNSOUND)
    return NewsReply(articles=newest_first(articles), unreadable=unreadable, payload=reply.payload)


def sentiment(told: Told, label: str | None, symbol: str | None = None) -> ReportedSentiment | None:
    """Return a score from -1 to 1 and its word; None where there is neither."""
    score = number(told)
    if score is not None and abs(score) > 1:
        raise UnsoundError(unexpected(told, "a score from -1 to 1"))
    label = worded(label)
    return ReportedSentiment(symbol=symbol, score=score, label=label) if score is not None or label else None


ASKS = {
    Dataset.SYMBOL_BARS: Endpoint(request=ask_bars, read=read_bars),
    Dataset.PROFILES: Endpoint(request=ask_company, read=read_company),
    Dataset.FUNDAMENTALS: Endpoint(request=ask_company, read=read_company),
    Dataset.QUOTES: Endpoint(request=ask_quote, read=read_quote),
    Dataset.NEWS: Endpoint(request=ask_news, read=read_news),
}
DECLARATION = Declaration(
    name=NAME,
    windows=(Window(max_calls=25, span_s=DAY_S), Window(max_calls=1, span_s=1)),
    abilities={
        **{dataset: Ability(dataset=dataset, subjects=1) for dataset in ASKS},
        Dataset.SYMBOL_BARS: Ability(dataset=Dataset.SYMBOL_BARS, history=HISTORY, final_delay=FINAL_DELAY, subjects=1),
    },
    endpoints=ASKS,
    credentials=credentials,
)
