"""Bars as bytes: columnar JSON, rows, CSV, Arrow IPC and Parquet of the same answer."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.bars import Adjustment, Timeframe
from app.domain.series import Series
from app.ports.quality import FlagView
from app.ports.reads import BarQuery, BarText, Shape
from app.services.read_bars import BarAnswer

if TYPE_CHECKING:
    import polars as pl

JSON: Final = "application/json"
ROWS: Final = "application/vnd.groat.rows+json"
CSV: Final = "text/csv"
ARROW: Final = "application/vnd.apache.arrow.stream"
PARQUET: Final = "application/vnd.apache.parquet"
# Best first: the order decides ties of an Accept header.
PRODUCES: Final = (JSON, ROWS, CSV, ARROW, PARQUET)
SHAPES: Final = {JSON: Shape.COLUMNS, ROWS: Shape.ROWS}
JSON_ROWS: Final = 50_000
BULK_ROWS: Final = 1_000_000


class ColumnarSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one symbol, oldest first, as equally long lists. `session` labels the bar."""

    symbol: str
    session: list[date]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]


class ColumnarBars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars by symbol, in the order asked. `unknown` names the symbols that nobody knows.

    `renamed`, where there are any, tells of former symbols which one the instrument has that they meant.
    `flags` are the open doubts about bars in the range, the latest session first, when they were asked for.
    """

    timeframe: Timeframe
    adjusted: Adjustment
    from_: date = msgspec.field(name="from")
    until: date
    as_of: datetime | None
    watermark: str
    unknown: list[str]
    symbols: list[ColumnarSeries]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    flags: list[FlagView] | None = None


class BarRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bar."""

    symbol: str
    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class RowBars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars one by one, by symbol in the order asked, oldest first; `flags` as in the columnar form."""

    timeframe: Timeframe
    adjusted: Adjustment
    from_: date = msgspec.field(name="from")
    until: date
    as_of: datetime | None
    watermark: str
    unknown: list[str]
    bars: list[BarRow]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    flags: list[FlagView] | None = None


def max_rows(media_type: str) -> int:
    """Return how many daily bars an answer of this format may be made from."""
    return JSON_ROWS if media_type in SHAPES else BULK_ROWS


def encode_json(query: BarQuery, answer: BarText | BarAnswer, media_type: str) -> bytes:
    """Encode an answer as JSON, columnar or rows, from the store's own text or from columns."""
    shape = SHAPES[media_type]
    if isinstance(answer, BarText):
        inside = answer.found
    else:
        write = columns_text if shape is Shape.COLUMNS else rows_text
        inside = [(symbol, write(symbol, series)) for symbol, series in answer.found]
    head = head_text(query, answer.watermark, answer.unknown, answer.renamed)
    if shape is Shape.ROWS:
        bars = b",".join(text for _, text in inside if text)
        return b'%s,"bars":[%s]}' % (head, bars)
    series = b",".join([b'{"symbol":%s,%s}' % (msgspec.json.encode(symbol), text) for symbol, text in inside])
    return b'%s,"symbols":[%s]}' % (head, series)


def with_flags(body: bytes, flags: Sequence[FlagView]) -> bytes:
    """Add the doubts to an encoded answer."""
    return b'%s,"flags":%s}' % (body[:-1], msgspec.json.encode(flags))


def head_text(query: BarQuery, watermark: str, unknown: list[str], renamed: dict[str, str]) -> bytes:
    """Write what an answer says of itself, up to where its bars begin."""
    head = {
        "timeframe": query.timeframe,
        "adjusted": query.adjusted,
        "from": query.from_,
        "until": query.until,
        "as_of": query.as_of,
        "watermark": watermark,
        "unknown": unknown,
    }
    return msgspec.json.encode({**head, "renamed": renamed} if renamed else head)[:-1]


def columns_text(symbol: str, series: Series) -> bytes:
    """Write one symbol's columns as the inside of a JSON object."""
    columns = {
        "session": series.sessions.astype(str).tolist(),
        "open": series.open.tolist(),
        "high": series.high.tolist(),
        "low": series.low.tolist(),
        "close": series.close.tolist(),
        "volume": series.volume.tolist(),
    }
    del symbol  # the frame around the columns names it
    return msgspec.json.encode(columns)[1:-1]


def rows_text(symbol: str, series: Series) -> bytes:
    """Write one symbol's bars as the inside of a JSON array."""
    columns = (series.sessions, series.open, series.high, series.low, series.close, series.volume)
    bars = [
        BarRow(symbol=symbol, session=day, open=o, high=h, low=low, close=c, volume=v)
        for day, o, h, low, c, v in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return msgspec.json.encode(bars)[1:-1]


def encode_table(answer: BarAnswer, media_type: str) -> bytes:
    """Encode an answer as one table: symbol, session, open, high, low, close, volume."""
    table = to_table(answer.found)
    out = io.BytesIO()
    if media_type == CSV:
        table.write_csv(out)
    elif media_type == ARROW:
        # The oldest layout: Arrow readers without string views take it too.
        table.write_ipc_stream(out, compat_level=oldest_layout())
    else:
        table.write_parquet(out, compression="zstd", compression_level=1)
    return out.getvalue()


def to_table(found: Iterable[tuple[str, Series]]) -> "pl.DataFrame":
    """Put the series of many symbols into one data frame."""
    import polars as pl  # noqa: PLC0415  heavy, and only tables need it

    frames = [
        pl.DataFrame(
            {
                "session": series.sessions,
                "open": series.open,
                "high": series.high,
                "low": series.low,
                "close": series.close,
                "volume": series.volume,
            },
            schema_overrides={"session": pl.Date},
        ).select(pl.lit(symbol).alias("symbol"), pl.all())
        for symbol, series in found
    ]
    return pl.concat(frames)


def oldest_layout() -> "pl.CompatLevel":
    """Return the Arrow layout that every reader takes."""
    import polars as pl  # noqa: PLC0415  heavy, and only tables need it

    return pl.CompatLevel.oldest()
