"""What Alpha Vantage tells of a symbol: its days, its quote, its overview, its actions, its news. Numbers are text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.replay import market_day
from app.replay.alpha_vantage import answers
from app.replay.data import prices
from app.replay.json_replies import ok

if TYPE_CHECKING:
    from app.replay.data.market_data import Listing, MarketData
    from app.replay.data.stories import Stories, Story
    from app.replay.dialect import Call, Reply

COMPACT = 100
DEFAULT_ARTICLES, MOST_ARTICLES = 50, 1000
EXCHANGES = {"XNAS": "NASDAQ", "XNYS": "NYSE", "BATS": "BATS"}
NONE = "None"
# The order of the wire. What bars and listings cannot tell is "None".
OVERVIEW = (
    "Symbol", "AssetType", "Name", "Description", "CIK", "Exchange", "Currency", "Country", "Sector", "Industry",
    "Address", "FullTimeEmployees", "FiscalYearEnd", "LatestQuarter", "MarketCapitalization", "EBITDA", "PERatio",
    "PEGRatio", "BookValue", "DividendPerShare", "DividendYield", "EPS", "RevenuePerShareTTM", "ProfitMargin",
    "OperatingMarginTTM", "ReturnOnAssetsTTM", "ReturnOnEquityTTM", "RevenueTTM", "GrossProfitTTM", "DilutedEPSTTM",
    "QuarterlyEarningsGrowthYOY", "QuarterlyRevenueGrowthYOY", "AnalystTargetPrice", "TrailingPE", "ForwardPE",
    "PriceToSalesRatioTTM", "PriceToBookRatio", "EVToRevenue", "EVToEBITDA", "Beta", "52WeekHigh", "52WeekLow",
    "50DayMovingAverage", "200DayMovingAverage", "SharesOutstanding", "DividendDate", "ExDividendDate",
)  # fmt: skip
SCORE = (
    "x <= -0.35: Bearish; -0.35 < x <= -0.15: Somewhat-Bearish; -0.15 < x < 0.15: Neutral; "
    "0.15 <= x < 0.35: Somewhat_Bullish; x >= 0.35: Bullish"
)
RELEVANCE = "0 < x <= 1, with a higher score indicating higher relevance."


class Functions:
    """Answers out of one data set, as far as the market clock allows."""

    def __init__(self, data: MarketData, stories: Stories) -> None:
        self._data, self._stories = data, stories
        self._listings = {listing.ticker: listing for listing in data.listings}

    def daily(self, call: Call) -> Reply:
        """Answer with the last 100 raw daily bars whose day is over, the newest first."""
        if call.params.get("outputsize", "compact") == "full":
            return answers.full_is_premium("TIME_SERIES_DAILY")
        symbol, bars = self._symbol(call), self._data.bars
        rows = prices.final_rows(self._data, symbol, call.now)[-COMPACT:][::-1]
        if not len(rows):
            return answers.invalid_call("TIME_SERIES_DAILY")
        days = [str(day) for day in bars.session_of(rows)]
        series = {
            day: {
                "1. open": f"{bars.open[row]:.4f}",
                "2. high": f"{bars.high[row]:.4f}",
                "3. low": f"{bars.low[row]:.4f}",
                "4. close": f"{bars.close[row]:.4f}",
                "5. volume": f"{bars.volume[row]:.0f}",
            }
            for day, row in zip(days, rows, strict=True)
        }
        told = {
            "1. Information": "Daily Prices (open, high, low, close) and Volumes",
            "2. Symbol": call.params["symbol"],
            "3. Last Refreshed": days[0],
            "4. Output Size": "Compact",
            "5. Time Zone": "US/Eastern",
        }
        return ok({"Meta Data": told, "Time Series (Daily)": series})

    def quote(self, call: Call) -> Reply:
        """Answer with the prices of the newest session that has closed; nothing for an unknown symbol."""
        price = prices.last_price(self._data, self._symbol(call), call.now)
        if price is None:
            return ok({"Global Quote": {}})
        before = price.previous or price.open
        return ok({
            "Global Quote": {
                "01. symbol": call.params["symbol"],
                "02. open": f"{price.open:.4f}",
                "03. high": f"{price.high:.4f}",
                "04. low": f"{price.low:.4f}",
                "05. price": f"{price.close:.4f}",
                "06. volume": f"{price.volume:.0f}",
                "07. latest trading day": str(price.session),
                "08. previous close": f"{before:.4f}",
                "09. change": f"{price.close - before:.4f}",
                "10. change percent": f"{(price.close / before - 1) * 100:.4f}%",
            }
        })  # fmt: skip

    def overview(self, call: Call) -> Reply:
        """Answer with what listings and bars tell of a company; an empty object when there is no such symbol."""
        listing = self._listings.get(self._symbol(call))
        if listing is None or listing.name is None:
            return ok({})
        told = {**of_listing(listing), **self._of_prices(listing.ticker, call.now)}
        return ok({name: told.get(name) or NONE for name in OVERVIEW})

    def _of_prices(self, ticker: str, now: datetime) -> dict[str, str]:
        metrics = prices.metrics(self._data, ticker, now)
        told = {name: f"{metrics[name]:.2f}" for name in ("52WeekHigh", "52WeekLow") if name in metrics}
        close = prices.past(self._data, ticker, now).bars.close
        return told | {
            f"{days}DayMovingAverage": f"{close[-days:].mean():.4f}" for days in (50, 200) if len(close) >= days
        }

    def splits(self, call: Call) -> Reply:
        """Answer with the splits so far, the newest first."""
        symbol, today = self._symbol(call), market_day.today(call.now)
        rows = [
            {"effective_date": str(x.on), "split_factor": f"{x.new / x.old:.4f}"}
            for x in sorted(self._data.splits, key=lambda split: split.on, reverse=True)
            if x.ticker == symbol and x.on <= today
        ]
        return ok({"symbol": call.params["symbol"], "data": rows})

    def dividends(self, call: Call) -> Reply:
        """Answer with the dividends so far, the newest first; the dates that the data lack are "None"."""
        symbol, today = self._symbol(call), market_day.today(call.now)
        rows = [
            {
                "ex_dividend_date": str(x.ex_date),
                "declaration_date": NONE,
                "record_date": NONE,
                "payment_date": NONE,
                "amount": f"{x.cash:g}",
            }
            for x in sorted(self._data.dividends, key=lambda paid: paid.ex_date, reverse=True)
            if x.ticker == symbol and x.ex_date <= today
        ]
        return ok({"symbol": call.params["symbol"], "data": rows})

    def news(self, call: Call) -> Reply:
        """Answer with stories about all of some tickers, without sentiment: nobody has measured any."""
        wanted = [spelt(word) for word in call.params.get("tickers", "").split(",") if word]
        limit = call.params.get("limit") or str(DEFAULT_ARTICLES)
        asked = [call.params[name] for name in ("time_from", "time_to") if call.params.get(name)]
        readable = limit.isdecimal() and None not in map(moment, asked)
        if not readable or any(word not in self._listings for word in wanted):
            return answers.invalid_inputs()
        since, until = moment(call.params.get("time_from")), moment(call.params.get("time_to"))
        found = self._stories.published(call.now, since, until)
        feed = [item(story, call.base_url) for story in found if all(word in story.tickers for word in wanted)]
        if call.params.get("sort") == "EARLIEST":
            feed.reverse()
        feed = feed[: min(int(limit), MOST_ARTICLES)]
        definitions = {"sentiment_score_definition": SCORE, "relevance_score_definition": RELEVANCE}
        return ok({"items": str(len(feed)), **definitions, "feed": feed})

    def search(self, call: Call) -> Reply:
        """Answer with listings whose ticker begins with the words, or whose name holds them; at most ten."""
        sought = call.params.get("keywords", "").casefold()
        found = [
            listing
            for listing in self._data.listings
            if sought
            and (listing.ticker.casefold().startswith(sought) or sought in (listing.name or "").casefold())
        ]  # fmt: skip
        found.sort(key=lambda listing: (listing.ticker.casefold() != sought, len(listing.ticker), listing.ticker))
        return ok({"bestMatches": [match(listing, sought) for listing in found[:10]]})

    def _symbol(self, call: Call) -> str:
        return spelt(call.params.get("symbol", ""))


def spelt(symbol: str) -> str:
    """Return a symbol as the tape spells it: share classes come after a hyphen here, after a point there."""
    return symbol.upper().replace("-", ".")


def of_listing(listing: Listing) -> dict[str, str | None]:
    """Return what the list of companies tells."""
    return {
        "Symbol": listing.ticker,
        "AssetType": "Common Stock" if listing.type == "CS" else None,
        "Name": listing.name,
        "CIK": listing.cik.lstrip("0") if listing.cik else None,
        "Exchange": EXCHANGES.get(listing.mic or ""),
        "Currency": "USD",
        "Sector": listing.sector,
        "Industry": listing.industry,
    }


def match(listing: Listing, sought: str) -> dict[str, str]:
    """Return one line of a search."""
    exact = listing.ticker.casefold() == sought
    return {
        "1. symbol": listing.ticker,
        "2. name": listing.name or "",
        "3. type": "Equity",
        "4. region": "United States",
        "5. marketOpen": "09:30",
        "6. marketClose": "16:00",
        "7. timezone": "UTC-04",
        "8. currency": "USD",
        "9. matchScore": f"{1.0 if exact else len(sought) / max(len(listing.name or ''), len(sought) + 1):.4f}",
    }


def moment(text: str | None) -> datetime | None:
    """Read YYYYMMDDTHHMM, with or without seconds, as UTC; None when it cannot be read."""
    for form in ("%Y%m%dT%H%M", "%Y%m%dT%H%M%S"):
        try:
            return datetime.strptime(text or "", form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def item(story: Story, base_url: str) -> dict[str, object]:
    """Return a story in the wire's words; scores are left out."""
    return {
        "title": story.title,
        "url": base_url + story.path,
        "time_published": story.at.strftime("%Y%m%dT%H%M%S"),
        "authors": [],
        "summary": story.text,
        "banner_image": None,
        "source": story.source,
        "category_within_source": "n/a",
        "source_domain": base_url.partition("://")[2].partition(":")[0],
        "topics": [],
        "ticker_sentiment": [{"ticker": ticker} for ticker in story.tickers],
    }
