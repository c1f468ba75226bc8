"""Polygon, since 2025 Massive: the whole US market's bars of a day in one call, and reference data.

Plan "Basic" (free): five calls a minute, two years of history, end-of-day data. Bars are asked for unadjusted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from app.domain.actions import ReportedAction
from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.quality import take
from app.domain.quotas import Outcome, Window
from app.domain.sessions import NEW_YORK
from app.ports.providers import (
    Ability,
    ActionsPage,
    ActionsReply,
    BarsOfDay,
    DailyReply,
    ListedTicker,
    TickersPage,
    TickersReply,
)
from app.providers.client.http import RawReply, Request
from app.providers.client.reading import held, next_cursor, read_rows
from app.providers.client.source import Credentials, Declaration, Endpoint
from app.providers.client.verdicts import RefusedError, Verdict, asked_wait_s, by_status, decoded, not_json, refuse

NAME = "polygon"
# Two years, less a day for the date line and a leap day.
HISTORY = timedelta(days=729)
# "End of day" data of a session may be asked for in the evening in New York.
FINAL_DELAY = timedelta(hours=4)
# One company under two names: pages of one may continue on the other.
TWINS = frozenset({"api.polygon.io", "api.massive.com"})
PAGE_ROWS = 1000
TICKERS = "/v3/reference/tickers"

# In this order: the refusal of today's bars also speaks of plans.
MEANINGS = (
    ("before end of day", Verdict(outcome=Outcome.NOT_YET_FINAL)),
    ("maximum requests", Verdict(outcome=Outcome.RATE_LIMITED)),
    ("timeframe", Verdict(outcome=Outcome.NOT_ENTITLED, out_of_range=True)),
    ("not entitled", Verdict(outcome=Outcome.NOT_ENTITLED)),
    ("upgrade your plan", Verdict(outcome=Outcome.NOT_ENTITLED)),
    ("api key", Verdict(outcome=Outcome.BAD_KEY)),
)

Text = Annotated[str, msgspec.Meta(max_length=500, pattern="^[^\x00]*$")]
Symbol = Annotated[str, msgspec.Meta(max_length=32, pattern="^[!-~]+$")]
Millis = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
Count = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


class Envelope(msgspec.Struct):
    """What every reply has, or may have."""

    status: str | None = None
    error: str | None = None
    message: str | None = None
    adjusted: bool | None = None
    results: msgspec.Raw = msgspec.Raw(b"null")
    results_count: int | None = msgspec.field(default=None, name="resultsCount")
    next_url: str | None = None


class GroupedBar(msgspec.Struct):
    """One ticker of a grouped daily reply; `t` is a time within the session."""

    symbol: str = msgspec.field(name="T")
    open: float = msgspec.field(name="o")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    close: float = msgspec.field(name="c")
    volume: float = msgspec.field(name="v")
    at_ms: Millis = msgspec.field(name="t")
    vwap: float | None = msgspec.field(name="vw", default=None)
    trades: Count | None = msgspec.field(name="n", default=None)


class Ticker(msgspec.Struct):
    """One line of the list of tickers."""

    ticker: Symbol
    name: Text | None = None
    primary_exchange: Text | None = None
    type: Text | None = None
    currency_name: Text | None = None
    cik: Text | None = None
    composite_figi: Text | None = None
    active: bool = True
    delisted_utc: datetime | None = None


class SplitRow(msgspec.Struct):
    """One split."""

    ticker: Symbol
    execution_date: date
    split_from: Decimal
    split_to: Decimal
    id: Text | None = None

    def action(self) -> ReportedAction:
        """Return it in our terms."""
        return ReportedAction(
            ref=self.id or f"split:{self.ticker}:{self.execution_date}",
            symbol=self.ticker,
            kind="split",
            ex_date=self.execution_date,
            split_from=self.split_from,
            split_to=self.split_to,
        )


class DividendRow(msgspec.Struct):
    """One cash dividend."""

    ticker: Symbol
    ex_dividend_date: date
    cash_amount: Decimal
    currency: Text | None = None
    dividend_type: Text | None = None
    frequency: int | None = None
    declaration_date: date | None = None
    record_date: date | None = None
    pay_date: date | None = None
    id: Text | None = None

    def action(self) -> ReportedAction:
        """Return it in our terms."""
        key = f"dividend:{self.ticker}:{self.ex_dividend_date}:{self.dividend_type}:{self.frequency}"
        return ReportedAction(
            ref=self.id or key,
            symbol=self.ticker,
            kind="dividend",
            ex_date=self.ex_dividend_date,
            cash_amount=self.cash_amount,
            currency=self.currency.upper() if self.currency else None,
            dividend_type=self.dividend_type,
            declared_on=self.declaration_date,
            record_on=self.record_date,
            pay_on=self.pay_date,
        )


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


def opened(reply: RawReply) -> Envelope:
    """Return a reply's envelope; raise RefusedError unless it is a success. The body is judged before the status."""
    verdict = not_json(reply)
    if verdict is None:
        envelope = decoded(reply.body, Envelope)
        verdict = judged(envelope, reply)
        if verdict is None:
            return envelope
    raise RefusedError(msgspec.structs.replace(verdict, wait_s=asked_wait_s(reply)))


def judged(envelope: Envelope, reply: RawReply) -> Verdict | None:
    """Return what is wrong, None for a success."""
    words = envelope.error or envelope.message or ""
    for part, meaning in MEANINGS:
        if part in words.casefold():
            return msgspec.structs.replace(meaning, words=words)
    verdict = by_status(reply.status, words or envelope.status or "")
    if verdict or (envelope.status in {"OK", "DELAYED"} and not envelope.error):
        return verdict
    if envelope.status == "NOT_FOUND":
        return Verdict(outcome=Outcome.NOT_FOUND, words=words)
    return Verdict(outcome=Outcome.MALFORMED, words=f"status {envelope.status!r} without a meaning known here: {words}")


def read_grouped(reply: RawReply, question: BarsOfDay, _hosts: frozenset[str]) -> DailyReply:
    """Read the market's bars of a session; refuse adjusted ones, a wrong count, and those of another session."""
    session, envelope = question.session, opened(reply)
    if envelope.adjusted:
        refuse("split-adjusted bars, though raw ones were asked for")
    rows, unreadable = read_rows(envelope.results, GroupedBar)
    if envelope.results_count not in {None, len(rows) + len(unreadable)}:
        refuse(f"{len(rows)} rows, though it says {envelope.results_count}")
    bars = columns(rows, session)
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


def columns(rows: list[GroupedBar], session: date) -> DailyBars:
    """Turn rows into columns."""
    return DailyBars(
        symbols=[row.symbol for row in rows],
        sessions=np.full(len(rows), np.datetime64(session, "D")),
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
    zone = ZoneInfo(NEW_YORK)
    times = {row.at_ms for row in rows}
    wrong = {ms for ms in times if datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date() != session}
    return np.array([row.at_ms in wrong for row in rows], dtype=bool)


DECLARATION = Declaration(
    name=NAME,
    windows=(Window(max_calls=5, span_s=60),),
    abilities={
        Dataset.BARS_DAILY: Ability(dataset=Dataset.BARS_DAILY, history=HISTORY, final_delay=FINAL_DELAY),
        Dataset.INSTRUMENTS: Ability(dataset=Dataset.INSTRUMENTS),
        Dataset.SPLITS: Ability(dataset=Dataset.SPLITS),
        Dataset.DIVIDENDS: Ability(dataset=Dataset.DIVIDENDS),
    },
    endpoints={
        Dataset.BARS_DAILY: Endpoint(request=ask_bars, read=read_grouped),
        Dataset.INSTRUMENTS: Endpoint(request=ask_tickers, read=read_tickers),
        Dataset.SPLITS: Endpoint(request=ask_actions, read=read_actions),
        Dataset.DIVIDENDS: Endpoint(request=ask_actions, read=read_actions),
    },
    credentials=credentials,
    twins=TWINS,
)
