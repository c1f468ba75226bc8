"""edgartools: the SEC's table of companies and their tickers, as of 2026."""

from __future__ import annotations

import re

from app.replay.data.market_data import Listing
from app.replay.data.wheels import wheel_file

PACKAGE = "edgartools"
MICS = {"Nasdaq": "XNAS", "NYSE": "XNYS", "CBOE": "BATS"}
# The SEC writes a suffix after a hyphen; the consolidated tape, and Polygon with it, has these marks.
SUFFIXES = (
    (re.compile(r"-P([A-Z]?)$"), r"p\1", "PFD"),
    (re.compile(r"-WT$"), ".WS", "WARRANT"),
    (re.compile(r"-UN$"), ".U", "UNIT"),
    (re.compile(r"-RI$"), "r", "RIGHT"),
    (re.compile(r"-([A-Z])$"), r".\1", None),
)


def read_listings() -> list[Listing]:
    """Read the companies. One without an exchange in the table is taken to trade over the counter."""
    import polars as pl  # noqa: PLC0415  heavy, and only loading needs it

    rows = pl.read_parquet(wheel_file(PACKAGE, "edgar/reference/data/company_tickers.parquet"))
    return [
        listing(ticker, name, cik, exchange)
        for ticker, name, cik, exchange in rows.select("ticker", "name", "cik", "exchange").iter_rows()
    ]


def listing(ticker: str, name: str, cik: str, exchange: str | None) -> Listing:
    """Spell one row of the table in the words of the tape."""
    spelt, kind = tape_spelling(ticker)
    mic = MICS.get(exchange or "")
    return Listing(ticker=spelt, name=name, cik=cik, mic=mic, type=kind, over_the_counter=mic is None)


def tape_spelling(ticker: str) -> tuple[str, str | None]:
    """Return a ticker of the SEC as the tape spells it, and its type where the suffix tells it.

    >>> tape_spelling("BRK-B"), tape_spelling("BAC-PB"), tape_spelling("IONQ-WT")
    (('BRK.B', None), ('BACpB', 'PFD'), ('IONQ.WS', 'WARRANT'))
    """
    for suffix, mark, kind in SUFFIXES:
        spelt, found = suffix.subn(mark, ticker)
        if found:
            return spelt, kind
    return ticker, None


def same_company(one: str, other: str) -> bool:
    """Tell whether two spellings of a company's name begin with the same word."""
    return first_word(one) == first_word(other)


def first_word(name: str) -> str:
    """Return the first word that tells something, in small letters and without punctuation."""
    words = re.sub(r"[^a-z0-9 ]", "", re.sub(r"[-./]", " ", name.lower())).split()
    return next((word for word in words if word != "the"), "")
