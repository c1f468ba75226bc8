"""Finnhub: quotes, profiles, fundamentals, the calendar of earnings, and news of one company.

Free plan: 60 calls a minute and 30 a second. Candles and sentiment are not on it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.news import Article
from app.domain.quotas import CallClass, LimitHint, Outcome, Window
from app.domain.quotes import ReportedQuote
from app.ports.providers import (
    Ability,
    CompanyOf,
    CompanyReply,
    EarningsBetween,
    EarningsReply,
    NewsAbout,
    NewsReply,
    QuoteOf,
    QuoteReply,
)
from app.providers.client.articles import MOST_UNSOUND, newest_first, picture, published, tickers, worded
from app.providers.client.facts import company_facts, currency, in_millions, iso_day, site, text
from app.providers.client.http import RawReply, Request
from app.providers.client.reading import read_each, refuse_other
from app.providers.client.source import Credentials, Declaration, Endpoint
from app.providers.client.verdicts import (
    Verdict,
    body_of,
    by_status,
    by_words,
    clamped_s,
    decoded,
    http_date,
    not_json,
    refusal,
    refuse,
    shown,
)
from app.providers.client.wire import (
    LongText,
    Symbol,
    Text,
    Title,
    Told,
    UnsoundError,
    Url,
    day,
    from_unix,
    number,
    price,
    unexpected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.providers.client.facts import Reader

NAME = "finnhub"
MINUTE_S = 60.0
# What the free plan is said to hold; asked for further back, it answers with less.
NEWS_HISTORY = timedelta(days=365)
EARNINGS_HISTORY = timedelta(days=30)
QUARTERS = (1, 2, 3, 4)

# Limits also come with status 200, and refusals by the plan with 401.
MEANINGS = (
    (r"limit (reached|exceeded)|remaining limit|rate limit|too many requests", Verdict(outcome=Outcome.RATE_LIMITED)),
    (r"(don't|do not) have access|premium|upgrade|subscribe", Verdict(outcome=Outcome.NOT_ENTITLED)),
    (r"api[ -]?key|token", Verdict(outcome=Outcome.BAD_KEY)),
    (r"symbol not (supported|found)|(invalid|wrong|unknown) symbol", Verdict(outcome=Outcome.NOT_FOUND)),
    (r"(invalid|wrong|missing) (parameter|argument)|\b(is|are) required", Verdict(outcome=Outcome.BAD_REQUEST)),
)

PROFILE: Mapping[str, tuple[str, Reader]] = {
    "name": ("name", text),
    "exchange": ("exchange", text),
    "country": ("country", text),
    "currency": ("currency", currency),
    "industry": ("finnhubIndustry", text),
    "website": ("weburl", site),
    "phone": ("phone", text),
    "listed_on": ("ipo", iso_day),
    "shares_outstanding": ("shareOutstanding", in_millions),
}
FUNDAMENTALS: Mapping[str, tuple[str, Reader]] = {
    "market_cap": ("marketCapitalization", in_millions),
    "enterprise_value": ("enterpriseValue", in_millions),
    "pe_ttm": ("peTTM", number),
    "forward_pe": ("forwardPE", number),
    "peg": ("pegTTM", number),
    "pb": ("pb", number),
    "ps_ttm": ("psTTM", number),
    "ev_ebitda": ("evEbitdaTTM", number),
    "ev_revenue": ("evRevenueTTM", number),
    "eps_ttm": ("epsTTM", number),
    "book_value_per_share": ("bookValuePerShareQuarterly", number),
    "revenue_per_share_ttm": ("revenuePerShareTTM", number),
    "gross_margin_ttm": ("grossMarginTTM", number),
    "operating_margin_ttm": ("operatingMarginTTM", number),
    "net_margin_ttm": ("netProfitMarginTTM", number),
    "roe_ttm": ("roeTTM", number),
    "roa_ttm": ("roaTTM", number),
    "current_ratio": ("currentRatioQuarterly", number),
    "quick_ratio": ("quickRatioQuarterly", number),
    "debt_to_equity": ("totalDebt/totalEquityQuarterly", number),
    "revenue_growth_yoy": ("revenueGrowthQuarterlyYoy", number),
    "eps_growth_yoy": ("epsGrowthQuarterlyYoy", number),
    "dividend_yield": ("currentDividendYieldTTM", number),
    "dividend_per_share": ("dividendPerShareTTM", number),
    "payout_ratio": ("payoutRatioTTM", number),
    "beta": ("beta", number),
    "high_52w": ("52WeekHigh", number),
    "low_52w": ("52WeekLow", number),
    "average_volume_10d": ("10DayAverageTradingVolume", in_millions),
    "average_volume_3m": ("3MonthAverageTradingVolume", in_millions),
}
WHEN: Mapping[str, Literal["before_open", "after_close", "in_session"]] = {
    "bmo": "before_open",
    "amc": "after_close",
    "dmh": "in_session",
}


class Problem(msgspec.Struct):
    """What a refusal says."""

    error: object = None


class Quote(msgspec.Struct):
    """A quote; zeros and nulls say that there is none."""

    c: Told
    t: Told
    o: Told = None
    h: Told = None
    l: Told = None  # noqa: E741  the provider's name
    pc: Told = None


class Metrics(msgspec.Struct):
    """Fundamentals by the provider's names."""

    metric: dict[str, object] | None
    symbol: str | None = None


class Calendar(msgspec.Struct):
    """A range of dates' earnings."""

    earnings: msgspec.Raw = msgspec.field(name="earningsCalendar")


class Report(msgspec.Struct):
    """One company's report of one quarter."""

    symbol: Symbol
    date: str
    year: Told
    quarter: Told
    hour: str | None = None
    eps_estimate: Told = msgspec.field(name="epsEstimate", default=None)
    eps_actual: Told = msgspec.field(name="epsActual", default=None)
    revenue_estimate: Told = msgspec.field(name="revenueEstimate", default=None)
    revenue_actual: Told = msgspec.field(name="revenueActual", default=None)


class Story(msgspec.Struct):
    """One article."""

    headline: Title
    url: Url
    at_s: Told = msgspec.field(name="datetime")
    id: int | str | None = None
    related: str | None = None
    source: Text | None = None
    summary: LongText | None = None
    image: object = None


Body = TypeVar("Body")


def credentials(key: str) -> Credentials:
    """Send the key in a header."""
    return Credentials(headers={"X-Finnhub-Token": key})


def ask_quote(question: QuoteOf) -> Request:
    """Ask what a share costs."""
    return Request(path="/api/v1/quote", params={"symbol": question.symbol})


def ask_profile(question: CompanyOf) -> Request:
    """Ask who a company is."""
    return Request(path="/api/v1/stock/profile2", params={"symbol": question.symbol})


def ask_metrics(question: CompanyOf) -> Request:
    """Ask for every figure that there is of a company."""
    return Request(path="/api/v1/stock/metric", params={"symbol": question.symbol, "metric": "all"})


def ask_earnings(question: EarningsBetween) -> Request:
    """Ask for the earnings of a range of dates."""
    dates = {"from": question.first.isoformat(), "to": question.last.isoformat()}
    return Request(path="/api/v1/calendar/earnings", params=dates)


def ask_news(question: NewsAbout) -> Request:
    """Ask for the articles about one company; the range is of whole days."""
    [symbol] = question.companies
    dates = {"from": question.since.date().isoformat(), "to": question.until.date().isoformat()}
    return Request(path="/api/v1/company-news", params={"symbol": symbol, **dates})


def opened(reply: RawReply, kind: type[Body]) -> Body:
    """Return a reply's body; raise RefusedError unless it is a success. The body is judged before the status."""
    verdict = not_json(reply, MEANINGS) or judged(reply)
    if verdict is None:
        return decoded(reply.body, kind)
    hint, now = limits(reply), http_date(reply.headers.get("date", ""))
    if verdict.outcome is Outcome.RATE_LIMITED and hint and hint.reset_at and now:
        verdict = msgspec.structs.replace(verdict, wait_s=clamped_s((hint.reset_at - now).total_seconds()))
    raise refusal(verdict, reply)


def judged(reply: RawReply) -> Verdict | None:
    """Return what is wrong, None for a success. Only an object can hold an error, and any that does is one."""
    error = body_of(reply, Problem).error if reply.body.lstrip().startswith(b"{") else None
    words = str(error)[:500] if error else ""
    verdict = by_words(words, MEANINGS) or by_status(reply.status, words or shown(reply.body))
    if verdict is None and words:
        return Verdict(outcome=Outcome.MALFORMED, words=f"an error without a meaning known here: {words}")
    return verdict


def limits(reply: RawReply) -> LimitHint | None:
    """Read what the headers say of the minute; None when they say nothing that can be read."""
    told = {name: reply.headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")}
    found = {name: int(text) for name, text in told.items() if text.isdecimal() and len(text) <= 10}  # noqa: PLR2004  seconds since 1970 have ten digits
    if not found:
        return None
    reset = datetime.fromtimestamp(found["reset"], UTC) if "reset" in found else None
    return LimitHint(span_s=MINUTE_S, limit=found.get("limit"), remaining=found.get("remaining"), reset_at=reset)


def read_quote(reply: RawReply, question: QuoteOf, _hosts: frozenset[str]) -> QuoteReply:
    """Read a quote; zeros and nulls are none."""
    told = opened(reply, Quote)
    try:
        last = price(told.c)
        quote = None
        if last is not None:
            quote = ReportedQuote(
                symbol=question.symbol,
                at=from_unix(told.t),
                price=last,
                open=price(told.o),
                high=price(told.h),
                low=price(told.l),
                previous_close=price(told.pc),
            )
    except UnsoundError as e:
        refuse(f"a quote that cannot be: {e}")
    return QuoteReply(quote=quote, unreadable=[], payload=reply.payload)


def read_profile(reply: RawReply, question: CompanyOf, _hosts: frozenset[str]) -> CompanyReply:
    """Read a profile; an empty one is nothing known."""
    told = opened(reply, dict[str, object])
    if told:
        refuse_other(told.get("ticker"), question.symbol)
    company, unsound = company_facts(question.symbol, told, PROFILE)
    return CompanyReply(company=company, unreadable=unsound, payload=reply.payload)


def read_metrics(reply: RawReply, question: CompanyOf, _hosts: frozenset[str]) -> CompanyReply:
    """Read fundamentals; none where the provider knows nothing."""
    told = opened(reply, Metrics)
    if told.metric:
        refuse_other(told.symbol, question.symbol)
    company, unsound = company_facts(question.symbol, told.metric or {}, FUNDAMENTALS)
    return CompanyReply(company=company, unreadable=unsound, payload=reply.payload)


def read_earnings(reply: RawReply, question: EarningsBetween, _hosts: frozenset[str]) -> EarningsReply:
    """Read the reports of a range of dates; those of other dates are held."""

    def made(row: Report) -> ReportedEarnings:
        reported = day(row.date)
        if not question.first <= reported <= question.last:
            raise UnsoundError(unexpected(row.date, f"a date from {question.first} to {question.last}"), "wrong_time")
        return ReportedEarnings(
            symbol=row.symbol,
            fiscal_year=whole(row.year, range(date.min.year, date.max.year + 1)),
            fiscal_quarter=whole(row.quarter, QUARTERS),
            report_date=reported,
            when=WHEN.get((row.hour or "").strip().casefold()),
            eps_estimate=number(row.eps_estimate),
            eps_actual=number(row.eps_actual),
            revenue_estimate=number(row.revenue_estimate),
            revenue_actual=number(row.revenue_actual),
        )

    earnings, unreadable = read_each(opened(reply, Calendar).earnings, Report, made)
    return EarningsReply(earnings=earnings, unreadable=unreadable, payload=reply.payload)


def whole(told: Told, among: range | tuple[int, ...]) -> int:
    """Return a whole number among others; raise UnsoundError when it is none of them."""
    found = number(told)
    if found is None or not found.is_integer() or int(found) not in among:
        raise UnsoundError(unexpected(told, f"a number from {among[0]} to {among[-1]}"))
    return int(found)


def read_news(reply: RawReply, question: NewsAbout, _hosts: frozenset[str]) -> NewsReply:
    """Read the articles about one company: the provider ties them to it by answering, and names others with them."""
    [symbol] = question.companies

    def made(row: Story) -> Article:
        return Article(
            ref=str(row.id) if row.id else row.url,
            url=row.url,
            title=row.headline.strip(),
            published_at=published(from_unix(row.at_s), question),
            source=worded(row.source),
            summary=worded(row.summary),
            image_url=picture(row.image),
            symbols=tickers([symbol, *(row.related or "").split(",")]),
        )

    articles, unreadable = read_each(opened(reply, msgspec.Raw), Story, made, MOST_UNSOUND)
    return NewsReply(articles=newest_first(articles), unreadable=unreadable, payload=reply.payload)


DECLARATION = Declaration(
    name=NAME,
    windows=(
        Window(max_calls=60, span_s=MINUTE_S),
        Window(max_calls=30, span_s=1),
        # Half is for quotes that somebody may be waiting for.
        Window(max_calls=30, span_s=MINUTE_S, only=CallClass.BACKGROUND),
    ),
    abilities={
        Dataset.QUOTES: Ability(dataset=Dataset.QUOTES, subjects=1),
        Dataset.PROFILES: Ability(dataset=Dataset.PROFILES, subjects=1),
        Dataset.FUNDAMENTALS: Ability(dataset=Dataset.FUNDAMENTALS, subjects=1),
        Dataset.EARNINGS: Ability(dataset=Dataset.EARNINGS, history=EARNINGS_HISTORY),
        Dataset.NEWS: Ability(dataset=Dataset.NEWS, history=NEWS_HISTORY, subjects=1),
    },
    endpoints={
        Dataset.QUOTES: Endpoint(request=ask_quote, read=read_quote),
        Dataset.PROFILES: Endpoint(request=ask_profile, read=read_profile),
        Dataset.FUNDAMENTALS: Endpoint(request=ask_metrics, read=read_metrics),
        Dataset.EARNINGS: Endpoint(request=ask_earnings, read=read_earnings),
        Dataset.NEWS: Endpoint(request=ask_news, read=read_news),
    },
    credentials=credentials,
    limits=limits,
)
