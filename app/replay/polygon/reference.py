"""Reference data: tickers, splits, dividends, and whether the market is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.replay import market_day
from app.replay.polygon import answers, paging, parameters

if TYPE_CHECKING:
    from app.replay.data.market_data import Listing, MarketData
    from app.replay.dialect import Call, Reply


def word(text: str, _: str) -> object:
    """Read a word as it is."""
    return text


def day(text: str, name: str) -> object:
    """Check a date and keep it as text: ISO dates sort as they are."""
    return parameters.iso_date(text, name).isoformat()


def number(text: str, name: str) -> object:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        message = f"The parameter '{name}' must be a number"
        raise answers.bad_request(message) from None


TICKERS = paging.ListSpec(
    fields={
        "ticker": word,
        "type": word,
        "market": word,
        "locale": word,
        "primary_exchange": word,
        "cik": word,
        "cusip": word,
    },
    key=("ticker",),
    sorts=("ticker", "name", "market", "locale", "primary_exchange", "type", "cik", "currency_name"),
    default_order="asc",
    default_limit=100,
    counted=True,
)
SPLITS = paging.ListSpec(
    fields={"ticker": word, "execution_date": day, "split_from": number, "split_to": number},
    key=("ticker", "execution_date"),
    sorts=("execution_date", "ticker"),
    default_order="desc",
    default_limit=10,
    counted=False,
)
DIVIDENDS = paging.ListSpec(
    fields={
        "ticker": word,
        "ex_dividend_date": day,
        "cash_amount": number,
        "dividend_type": word,
        "frequency": number,
        "declaration_date": day,
        "record_date": day,
        "pay_date": day,
    },
    key=("ticker", "ex_dividend_date"),
    sorts=("ex_dividend_date", "cash_amount", "ticker"),
    default_order="desc",
    default_limit=10,
    counted=False,
)


class Reference:
    """Answers about listings, corporate actions and the market's state."""

    def __init__(self, data: MarketData) -> None:
        self._data = data
        self._listings = {listing.ticker: listing for listing in data.listings}
        self._rows = [listed(listing) for listing in data.listings]
        self._sessions = frozenset(data.bars.sessions.astype(object))

    def tickers(self, call: Call) -> Reply:
        """Answer with listings; all are active, as the data do not prove a delisting."""
        params = paging.opened(call.params)
        active = parameters.flag(params, "active", default=True)
        if params.get("date"):
            parameters.iso_date(params["date"], "date")
        sought = params.get("search", "").casefold()
        rows = [row for row in self._rows if matches(row, sought)] if active else []
        return paging.answer(call, TICKERS, rows, {"last_updated_utc": f"{market_day.today(call.now)}T00:00:00Z"})

    def ticker(self, call: Call, ticker: str) -> Reply:
        """Answer with one listing."""
        if call.params.get("date"):
            parameters.iso_date(call.params["date"], "date")
        listing = self._listings.get(ticker)
        if listing is None:
            text = "Ticker not found."
            raise answers.not_found(text)
        details = {**listed(listing), "sic_description": listing.industry, "ticker_root": root(listing)}
        return answers.ok({}, results={name: value for name, value in details.items() if value is not None})

    def splits(self, call: Call) -> Reply:
        """Answer with the splits executed by today, in market time."""
        today = market_day.today(call.now)
        rows: list[paging.Row] = [
            {"execution_date": x.on.isoformat(), "split_from": x.old, "split_to": x.new, "ticker": x.ticker}
            for x in self._data.splits
            if x.on <= today
        ]
        return paging.answer(call, SPLITS, rows)

    def dividends(self, call: Call) -> Reply:
        """Answer with the dividends whose ex-date has come, in market time; dates that the data lack are left out."""
        today = market_day.today(call.now)
        rows: list[paging.Row] = [
            {
                "cash_amount": x.cash,
                "dividend_type": "CD",
                "ex_dividend_date": x.ex_date.isoformat(),
                "ticker": x.ticker,
            }
            for x in self._data.dividends
            if x.ex_date <= today
        ]
        return paging.answer(call, DIVIDENDS, rows)

    def market_status(self, call: Call) -> Reply:
        """Answer with the part of the trading day; a session is a day with bars."""
        phase = market_day.phase(call.now, is_session=market_day.today(call.now) in self._sessions)
        state = {"closed": "closed", "open": "open", "early": "extended-hours", "late": "extended-hours"}[phase]
        body = {
            "market": state,
            "earlyHours": phase == "early",
            "afterHours": phase == "late",
            "serverTime": call.now.astimezone(market_day.ZONE).isoformat(timespec="seconds"),
            "exchanges": dict.fromkeys(("nyse", "nasdaq", "otc"), state),
            "currencies": dict.fromkeys(("fx", "crypto"), "open"),
        }
        return answers.plain(body)


def listed(listing: Listing) -> paging.Row:
    """Return a listing in the wire's words, without what is not known."""
    row: paging.Row = {
        "ticker": listing.ticker,
        "name": listing.name,
        "market": "otc" if listing.over_the_counter else "stocks",
        "locale": "us",
        "primary_exchange": listing.mic,
        "type": listing.type,
        "active": True,
        "currency_name": "usd",
        "cik": listing.cik,
    }
    return {name: value for name, value in row.items() if value is not None}


def matches(row: paging.Row, sought: str) -> bool:
    """Tell whether a text in small letters is in the ticker or in the name."""
    return not sought or sought in str(row["ticker"]).casefold() or sought in str(row.get("name", "")).casefold()


def root(listing: Listing) -> str | None:
    """Return the ticker without its class."""
    return listing.ticker.partition(".")[0] if listing.type == "CS" else None
