"""What Finnhub tells of a symbol: its quote, its profile, its metrics, its news. Times are unix seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from app.replay import market_day
from app.replay.data import prices
from app.replay.json_replies import ok, refusal

if TYPE_CHECKING:
    from app.replay.data.market_data import Listing, MarketData
    from app.replay.data.stories import Stories, Story
    from app.replay.dialect import Call, Reply

EXCHANGES = {"XNAS": "NASDAQ", "XNYS": "NEW YORK STOCK EXCHANGE, INC.", "BATS": "CBOE BZX"}
NO_QUOTE = {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}
NEWS_HISTORY = timedelta(days=365)


class Endpoints:
    """Answers out of one data set, as far as the market clock allows."""

    def __init__(self, data: MarketData, stories: Stories) -> None:
        self._data, self._stories = data, stories
        self._listings = {listing.ticker: listing for listing in data.listings}

    def quote(self, call: Call) -> Reply:
        """Answer with the newest session that has closed, at its close; zeros and nulls for an unknown symbol."""
        price = prices.last_price(self._data, symbol_of(call), call.now)
        if price is None:
            return ok(NO_QUOTE)
        before = price.previous or price.open
        return ok({
            "c": price.close,
            "d": round(price.close - before, 4),
            "dp": round((price.close / before - 1) * 100, 4),
            "h": price.high,
            "l": price.low,
            "o": price.open,
            "pc": before,
            "t": market_day.milliseconds(price.session, market_day.CLOSE) // 1000,
        })  # fmt: skip

    def profile(self, call: Call) -> Reply:
        """Answer with what the list of companies tells; an empty object when that is nothing."""
        listing = self._listings.get(symbol_of(call))
        return ok(of_listing(listing) if listing is not None and listing.name else {})

    def metric(self, call: Call) -> Reply:
        """Answer with what prices and volumes tell; what needs a company's accounts is absent."""
        symbol = symbol_of(call)
        told = prices.metrics(self._data, symbol, call.now)
        return ok({"metric": told, "metricType": "all", "series": {}, "symbol": symbol})

    def earnings(self, call: Call) -> Reply:
        """Answer with no report: no file of ours proves one."""
        for name in ("from", "to"):
            if call.params.get(name) and iso_date(call.params[name]) is None:
                return wrong_arguments()
        return ok({"earningsCalendar": []})

    def news(self, call: Call) -> Reply:
        """Answer with the stories about a symbol between two dates (UTC, both included), the newest first."""
        first, last = iso_date(call.params.get("from", "")), iso_date(call.params.get("to", ""))
        if first is None or last is None:
            return wrong_arguments()
        since = max(datetime.combine(first, time(0), UTC), call.now - NEWS_HISTORY)
        until = datetime.combine(last, time(23, 59, 59), UTC)
        symbol = symbol_of(call)
        found = [story for story in self._stories.published(call.now, since, until) if symbol in story.tickers]
        return ok([item(story, symbol, call.base_url) for story in found])

    def symbols(self, call: Call) -> Reply:
        """Answer with every listing; the real one is sent from another address, after a redirect."""
        if call.params.get("exchange") != "US":
            return ok([])
        return ok([listed(listing) for listing in self._data.listings])

    def search(self, call: Call) -> Reply:
        """Answer with listings whose ticker begins with a text, or whose name holds it."""
        sought = call.params.get("q", "").casefold()
        found = [
            {
                "description": listing.name or "",
                "displaySymbol": listing.ticker,
                "symbol": listing.ticker,
                "type": "Common Stock" if listing.type == "CS" else "",
            }
            for listing in self._data.listings
            if listing.ticker.casefold().startswith(sought) or sought in (listing.name or "").casefold()
        ]
        return ok({"count": len(found[:20]), "result": found[:20]})


def symbol_of(call: Call) -> str:
    """Return the symbol that is asked for."""
    return call.params.get("symbol", "").upper()


def iso_date(text: str) -> date | None:
    """Read YYYY-MM-DD; None when it cannot be read."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None  # noqa: PLR2004  YYYY-MM-DD
    except ValueError:
        return None


def wrong_arguments() -> Reply:
    """Refuse parameters that cannot be read."""
    return refusal(422, "bad_request", {"error": "Wrong arguments"})


def of_listing(listing: Listing) -> dict[str, object]:
    """Return a profile, without what is not known."""
    told = {
        "currency": "USD",
        "exchange": EXCHANGES.get(listing.mic or ""),
        "finnhubIndustry": listing.industry,
        "name": listing.name,
        "ticker": listing.ticker,
    }
    return {name: value for name, value in told.items() if value is not None}


def listed(listing: Listing) -> dict[str, object]:
    """Return one line of the list of symbols."""
    return {
        "currency": "USD",
        "description": (listing.name or "").upper(),
        "displaySymbol": listing.ticker,
        "figi": "",
        "mic": listing.mic or "OOTC",
        "symbol": listing.ticker,
        "symbol2": "",
        "type": "Common Stock" if listing.type == "CS" else "",
    }


def item(story: Story, symbol: str, base_url: str) -> dict[str, object]:
    """Return a story in the wire's words; the address leads on to the article, as the real ones do."""
    return {
        "category": "company",
        "datetime": int(story.at.timestamp()),
        "headline": story.title,
        "id": story.number,
        "image": "",
        "related": symbol,
        "source": story.source,
        "summary": story.text,
        "url": f"{base_url}/api/news?id={story.ref}",
    }
