"""Polygon, since 2025 Massive: the whole US market's bars of a day in one call, and reference data.

Plan "Basic" (free): five calls a minute, two years of history, end-of-day data. Bars are asked for unadjusted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.news import Article, ReportedSentiment
from app.domain.quality import take
from app.domain.quotas import Outcome, Window
from app.domain.sessions import NEW_YORK
from app.ports.providers import (
    Ability,
    ActionsPage,
    ActionsReply,
    BarsOfDay,
    BarsOfSymbol,
    DailyReply,
    ListedTicker,
    NewsAbout,
    NewsReply,
    SymbolBarsReply,
    TickersPage,
    TickersReply,
)
from app.providers.client.articles import MOST_UNSOUND, newest_first, picture, published, tickers, worded
from app.providers.client.http import RawReply, Request
from app.providers.client.reading import held, next_cursor, read_each, read_rows, refuse_other
from app.providers.client.source import Credentials, Declaration, Endpoint
from app.providers.client.verdicts import Verdict, body_of, by_status, by_words, not_json, refusal, refuse, shown
from app.providers.client.wire import UnsoundError, unexpected
from app.providers.rows.polygon import Bar, DividendRow, Envelope, GroupedBar, SplitRow, Story, Ticker

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "polygon"
# Two years, less a day for the date line and a leap day.
HISTORY = timedelta(days=729)
# "End of day" data of a session may be asked for in the evening in New York.
FINAL_DELAY = timedelta(hours=4)
# One company under two names: pages of one may continue on the other.
TWINS = frozenset({"api.polygon.io", "api.massive.com"})
PAGE_ROWS = 1000
TICKERS = "/v3/reference/tickers"
NEWS = "/v2/reference/news"
ZONE = ZoneInfo(NEW_YORK)
YEARS = timedelta(days=7_300)

# In this order: the refusal of today's bars also speaks of plans.
MEANINGS = (
    (r"before end of day", Verdict(outcome=Outcome.NOT_YET_FINAL)),
    (r"maximum requests|too many requests|rate limit|limit exceeded", Verdict(outcome=Outcome.RATE_LIMITED)),
    (r"timeframe", Verdict(outcome=Outcome.NOT_ENTITLED, out_of_range=True)),
    (r"not entitled|upgrade your (plan|subscription)", Verdict(outcome=Outcome.NOT_ENTITLED)),
    (r"api ?key", Verdict(outcome=Outcome.BAD_KEY)),
)

# Where neither the words nor the HTTP status say it.
STATUS_WORDS = {"NOT_FOUND": Outcome.NOT_FOUND, "NOT_AUTHORIZED": Outcome.NOT_ENTITLED}

ACTIONS: dict[Dataset, tuple[str, str, type[SplitRow | DividendRow]]] = {
    Dataset.SPLITS: ("/v3/reference/splits", "execution_date", SplitRow),
    Dataset.DIVIDENDS: ("/v3/reference/dividends", "ex_dividend_date", DividendRow),
}


def credentials(key: str) -> Credentials:
    """Send the key in a header."""
    return Credentials(headers={"Authorization": f"Bearer {key}"})


def ask_bars(question: BarsOfDay) -> Request:
    """Ask for every US stock's raw bar of one session."""
    path = f"/v2/aggs/grouped/locale/us/market/stocks/{question.session.isoformat()}"
    return Request(path=path, params={"adjusted": "false", "include_otc": "false"})


def ask_tickers(question: TickersPage) -> Request:
    """Ask for one page of the stocks that are listed, or were."""
    active = "true" if question.active else "false"
    first = {"market": "stocks", "active": active, "sort": "ticker", "order": "asc", "limit": str(PAGE_ROWS)}
    return Request(path=TICKERS, params={"cursor": question.cursor} if question.cursor else first)


def ask_actions(question: ActionsPage) -> Request:
    """Ask for one page of the splits, or the dividends."""
    path, field, _ = ACTIONS[question.dataset]
    first = {f"{field}.gte": question.since.isoformat(), "sort": field, "order": "asc", "limit": str(PAGE_ROWS)}
    return Request(path=path, params={"cursor": question.cursor} if question.cursor else first)


def ask_symbol_bars(question: BarsOfSymbol) -> Request:
    """Ask for a symbol's raw bars in one call; without a last date, as many years as there may be."""
    until = question.until or question.since + YEARS
    path = f"/v2/aggs/ticker/{quote(question.symbol, safe='')}/range/1/day/{question.since}/{until}"
    return Request(path=path, params={"adjusted": "false", "sort": "asc", "limit": "50000"})


def ask_news(question: NewsAbout) -> Request:
    """Ask for one page of the articles about one company, the newest first."""
    [symbol] = question.companies
    since, until = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (question.since, question.until))
    span = {"published_utc.gte": since, "published_utc.lt": until, "sort": "published_utc", "order": "desc"}
    first = {"ticker": symbol, **span, "limit": str(PAGE_ROWS)}
    return Request(path=NEWS, params={"cursor": question.cursor} if question.cursor else first)


def opened(reply: RawReply) -> Envelope:
    """Return a reply's envelope; raise RefusedError unless it is a success. The body is judged before the status."""
    verdict, envelope = not_json(reply, MEANINGS), Envelope()
    if verdict is None:
        envelope = body_of(reply, Envelope)
        verdict = judged(envelope, reply)
    if verdict is None:
        return envelope
    raise refusal(verdict, reply)


def opened_bars(reply: RawReply) -> Envelope:
    """Return the envelope of raw bars; where there are none it says so, with a count of zero."""
    envelope = opened(reply)
    if envelope.adjusted:
        refuse("split-adjusted bars, though raw ones were asked for")
    if envelope.results_count is None and bytes(envelope.results) == b"null":
        refuse("neither bars nor a count of them")
    return envelope


def judged(envelope: Envelope, reply: RawReply) -> Verdict | None:
    """Return what is wrong, None for a success."""
    status, words = str(envelope.status or ""), str(envelope.error or envelope.message or "")[:500]
    verdict = by_words(words, MEANINGS) or by_status(reply.status, words or status or shown(reply.body))
    if verdict or (status in {"OK", "DELAYED"} and not envelope.error):
        return verdict
    if status in STATUS_WORDS:
        return Verdict(outcome=STATUS_WORDS[status], words=words or status)
    return Verdict(outcome=Outcome.MALFORMED, words=f"status {envelope.status!r} without a meaning known here: {words}")


def read_grouped(reply: RawReply, question: BarsOfDay, _hosts: frozenset[str]) -> DailyReply:
    """Read the market's bars of a session; refuse adjusted ones, a wrong count, and those of another session."""
    session, envelope = question.session, opened_bars(reply)
    rows, unreadable = read_rows(envelope.results, GroupedBar)
    if envelope.results_count not in {None, len(rows) + len(unreadable)}:
        refuse(f"{len(rows)} rows, though it says {envelope.results_count}")
    bars = columns(rows, [row.symbol for row in rows], np.full(len(rows), np.datetime64(session, "D")))
    stray = stray_rows(rows, session)
    if stray.sum() * 2 > len(rows):
        refuse(f"bars of another session than {session}")
    for i in np.flatnonzero(stray).tolist():
        unreadable.append(held("wrong_session", rows[i].symbol, msgspec.to_builtins(rows[i]), session=session))
    unreadable = [msgspec.structs.replace(row, session=session) for row in unreadable]
    return DailyReply(
        session=session,
        bars=take(bars, ~stray) if stray.any() else bars,
        unreadable=unreadable,
        payload=reply.payload,
    )


def read_tickers(reply: RawReply, _question: TickersPage, hosts: frozenset[str]) -> TickersReply:
    """Read a page of tickers."""
    envelope = opened(reply)
    rows, unreadable = read_rows(envelope.results, Ticker)
    return TickersReply(
        tickers=[
            ListedTicker(
                symbol=row.ticker,
                name=row.name,
                mic=row.primary_exchange,
                type=row.type,
                currency=row.currency_name.upper() if row.currency_name else None,
                cik=row.cik,
                figi=row.composite_figi,
                active=row.active,
                delisted_on=row.delisted_utc.date() if row.delisted_utc else None,
            )
            for row in rows
        ],
        unreadable=unreadable,
        cursor=next_cursor(envelope.next_url, hosts, TICKERS),
        payload=reply.payload,
    )


def read_actions(reply: RawReply, question: ActionsPage, hosts: frozenset[str]) -> ActionsReply:
    """Read a page of splits or dividends."""
    path, _, kind = ACTIONS[question.dataset]
    envelope = opened(reply)
    rows, unreadable = read_rows(envelope.results, kind)
    return ActionsReply(
        actions=[row.action() for row in rows],
        unreadable=unreadable,
        cursor=next_cursor(envelope.next_url, hosts, path),
        payload=reply.payload,
    )


def read_symbol_bars(reply: RawReply, question: BarsOfSymbol, _hosts: frozenset[str]) -> SymbolBarsReply:
    """Read one symbol's bars; refuse adjusted ones and another symbol's, and hold those of other dates."""
    envelope = opened_bars(reply)
    refuse_other(envelope.ticker, question.symbol)

    def dated(row: Bar) -> tuple[date, Bar]:
        session = datetime.fromtimestamp(row.at_ms / 1000, UTC).astimezone(ZONE).date()
        if not question.since <= session <= (question.until or date.max):
            raise UnsoundError(unexpected(session, f"a session from {question.since} on"), "wrong_session")
        return session, row

    rows, unreadable = read_each(envelope.results, Bar, dated)
    rows.sort(key=lambda row: row[0])
    sessions = np.array([session for session, _ in rows], dtype="datetime64[D]")
    bars = columns([bar for _, bar in rows], [question.symbol] * len(rows), sessions)
    return SymbolBarsReply(symbol=question.symbol, bars=bars, unreadable=unreadable, payload=reply.payload)


def read_news(reply: RawReply, question: NewsAbout, hosts: frozenset[str]) -> NewsReply:
    """Read a page of articles; what the provider says of a ticker's mood is a word, not a score."""
    envelope = opened(reply)
    [symbol] = question.companies

    def made(row: Story) -> Article:
        insights = [one for one in row.insights or [] if worded(one.sentiment)]
        return Article(
            ref=row.id or row.article_url,
            url=row.article_url,
            title=row.title.strip(),
            published_at=published(row.published_utc, question),
            source=worded(row.publisher.name) if row.publisher else None,
            author=worded(row.author),
            summary=worded(row.description),
            image_url=picture(row.image_url),
            symbols=tickers([symbol, *(row.tickers or [])]),
            sentiments=tuple(ReportedSentiment(symbol=one.ticker, label=worded(one.sentiment)) for one in insights),
        )

    articles, unreadable = read_each(envelope.results, Story, made, MOST_UNSOUND)
    return NewsReply(
        articles=newest_first(articles),
        unreadable=unreadable,
        cursor=next_cursor(envelope.next_url, hosts, NEWS),
        payload=reply.payload,
    )


def columns(rows: Sequence[Bar], symbols: list[str], sessions: np.ndarray[Any, np.dtype[np.datetime64]]) -> DailyBars:
    """Turn rows into columns."""
    return DailyBars(
        symbols=symbols,
        sessions=sessions,
        open=np.array([row.open for row in rows], dtype=np.float64),
        high=np.array([row.high for row in rows], dtype=np.float64),
        low=np.array([row.low for row in rows], dtype=np.float64),
        close=np.array([row.close for row in rows], dtype=np.float64),
        volume=np.array([row.volume for row in rows], dtype=np.float64),
        vwap=np.array([np.nan if row.vwap is None else row.vwap for row in rows], dtype=np.float64),
        trades=np.array([-1 if row.trades is None else row.trades for row in rows], dtype=np.int64),
    )


def stray_rows(rows: list[GroupedBar], session: date) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark the rows whose time is not on the session's date in New York."""
    times = {row.at_ms for row in rows}
    wrong = {ms for ms in times if datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZONE).date() != session}
    return np.array([row.at_ms in wrong for row in rows], dtype=bool)


DECLARATION = Declaration(
    name=NAME,
    windows=(Window(max_calls=5, span_s=60),),
    abilities={
        Dataset.BARS_DAILY: Ability(dataset=Dataset.BARS_DAILY, history=HISTORY, final_delay=FINAL_DELAY),
        Dataset.INSTRUMENTS: Ability(dataset=Dataset.INSTRUMENTS),
        Dataset.SPLITS: Ability(dataset=Dataset.SPLITS),
        Dataset.DIVIDENDS: Ability(dataset=Dataset.DIVIDENDS),
        Dataset.SYMBOL_BARS: Ability(dataset=Dataset.SYMBOL_BARS, history=HISTORY, final_delay=FINAL_DELAY, subjects=1),
        Dataset.NEWS: Ability(dataset=Dataset.NEWS, history=HISTORY, subjects=1),
    },
    endpoints={
        Dataset.BARS_DAILY: Endpoint(request=ask_bars, read=read_grouped),
        Dataset.INSTRUMENTS: Endpoint(request=ask_tickers, read=read_tickers),
        Dataset.SPLITS: Endpoint(request=ask_actions, read=read_actions),
        Dataset.DIVIDENDS: Endpoint(request=ask_actions, read=read_actions),
        Dataset.SYMBOL_BARS: Endpoint(request=ask_symbol_bars, read=read_symbol_bars),
        Dataset.NEWS: Endpoint(request=ask_news, read=read_news),
    },
    credentials=credentials,
    twins=TWINS,
)
