"""A synthetic market for benchmarks: random walks, clearly no real prices, always the same for the same seed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import psycopg

from app.calendars import read_sessions

if TYPE_CHECKING:
    from app.domain.sessions import Session

SYMBOLS: Final = 500
DAYS: Final = 2_500
MIC: Final = "XNYS"
PROVIDER: Final = "synthetic"
KNOWN_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
_LAST: Final = date(2026, 10, 30)
_TYPES: Final = ["int4", "date", *["float8"] * 6, "int4", "text", "int8", "timestamptz"]
_COLUMNS: Final = "instrument_id, session, open, high, low, close, volume, vwap, trades, provider, fetch_id, known_at"


@dataclass(frozen=True)
class Market:
    """Sessions by instruments: prices[field] has the shape (days, symbols)."""

    symbols: list[str]
    sessions: list[Session]
    columns: dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def make(symbols: int = SYMBOLS, days: int = DAYS, seed: int = 20261030) -> Market:
    """Draw a market: daily log returns are normal, ranges and volumes log-normal, prices have cents."""
    chance = np.random.default_rng(seed)
    shape = (days, symbols)
    close = chance.uniform(20, 400, symbols) * np.exp(np.cumsum(chance.normal(0.0001, 0.012, shape), axis=0))
    opening = close * np.exp(chance.normal(0, 0.004, shape))
    spread = np.exp(np.abs(chance.normal(0, 0.006, shape)))
    cents = {name: np.maximum(values.round(2), 0.01) for name, values in (("open", opening), ("close", close))}
    top = np.maximum(cents["open"], cents["close"])
    bottom = np.minimum(cents["open"], cents["close"])
    high = np.maximum((top * spread).round(2), top)
    low = np.minimum(np.maximum((bottom / spread).round(2), 0.01), bottom)
    columns = {
        "open": cents["open"],
        "high": high,
        "low": low,
        "close": cents["close"],
        "volume": np.exp(chance.normal(14, 0.8, shape)).round(),
        "vwap": ((high + low + cents["close"]) / 3).round(4),
        "trades": np.exp(chance.normal(9, 0.5, shape)).round(),
    }
    width = len(str(symbols - 1)) + 1
    return Market([f"S{number:0{width}d}" for number in range(symbols)], trading_days(days), columns)


def load_instruments(url: str, market: Market) -> list[int]:
    """Store a market's sessions and instruments, without bars, in an empty database; return the instruments' ids."""
    with psycopg.connect(url, autocommit=True) as connection:
        return _store_instruments(connection, market)


def load(url: str, market: Market) -> None:
    """Store a market in a migrated, empty database: day after day, as it comes from a provider."""
    ids = load_instruments(url, market)
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(f"COPY bars_daily ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_TYPES)
                for row in rows(market, ids):
                    copy.write_row(row)
            cursor.execute(
                "INSERT INTO watermarks (dataset, version, changed_at) VALUES ('bars_daily', 1, %s)"
                " ON CONFLICT (dataset) DO UPDATE SET version = watermarks.version + 1",
                (KNOWN_AT,),
            )
        connection.execute("VACUUM ANALYZE")


def rows(market: Market, ids: list[int]) -> list[tuple[object, ...]]:
    """Return the table's rows, session by session."""
    days = [session.session for session in market.sessions]
    found: list[tuple[object, ...]] = []
    for number, day in enumerate(days):
        values = zip(*(column[number].tolist() for column in market.columns.values()), strict=True)
        found += [
            (instrument, day, *prices, int(trades), PROVIDER, 1, KNOWN_AT)
            for instrument, (*prices, trades) in zip(ids, values, strict=True)
        ]
    return found


def _store_instruments(connection: psycopg.Connection[tuple[Any, ...]], market: Market) -> list[int]:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sessions (mic, session, open_at, close_at) VALUES (%s, %s, %s, %s)",
            [(each.mic, each.session, each.open_at, each.close_at) for each in market.sessions],
        )
        cursor.executemany(
            "INSERT INTO instruments (symbol, name, mic, type, currency, provider, known_at, changed_at)"
            " VALUES (%s, %s, %s, 'CS', 'USD', %s, %s, %s)",
            [(each, f"Synthetic {each}", MIC, PROVIDER, KNOWN_AT, KNOWN_AT) for each in market.symbols],
        )
        cursor.execute("SELECT symbol, id FROM instruments")
        ids = dict(cursor.fetchall())
        return [ids[symbol] for symbol in market.symbols]


def trading_days(days: int) -> list[Session]:
    """Take the exchange's real trading days: the calendar is no price."""
    since = date(_LAST.year - days // 250 - 1, 1, 1)
    found = [each for each in asyncio.run(read_sessions(MIC, since)) if each.session <= _LAST]
    return found[-days:]
