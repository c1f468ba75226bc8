"""One synthetic session as it comes from outside: a grouped-daily reply's bytes, columns, rows, a packed COPY block."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from app.domain.bars import DailyBars
from app.domain.gaps import Span
from app.ports.providers import Payload
from app.providers.client.http import RawReply
from bench.market import KNOWN_AT, PROVIDER

if TYPE_CHECKING:
    from bench.market import Market

# PostgreSQL's binary COPY format, and the moment that its dates and times count from.
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
# 16:00 in New York, by UTC, is 20:00 or 21:00; the reply's stamp only has to lie within the session.
_STAMP: Final = time(20, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Session:
    """A session of the whole market, in each of the forms that a benchmark starts from."""

    market: Market
    ids: list[int]
    number: int

    @property
    def day(self) -> date:
        """The session's date."""
        return self.market.sessions[self.number].session

    @property
    def span(self) -> Span:
        """What an answer for the session settles: that one date."""
        return Span(self.day, self.day + timedelta(days=1))

    @property
    def payload(self) -> Payload:
        """Name the reply that the columns would come from."""
        return Payload(sha256=hashlib.sha256(self.day.isoformat().encode()).digest(), size=1)

    def column(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return one column, in the order of the market's symbols."""
        return np.ascontiguousarray(self.market.columns[name][self.number])

    def bars(self) -> DailyBars:
        """Return decoded columns."""
        return DailyBars(
            symbols=list(self.market.symbols),
            sessions=np.full(len(self.ids), np.datetime64(self.day, "D")),
            **{name: self.column(name) for name in ("open", "high", "low", "close", "volume", "vwap")},
            trades=self.column("trades").astype(np.int64),
        )

    def reply(self) -> RawReply:
        """Return the provider's reply."""
        at_ms = int(datetime.combine(self.day, _STAMP).timestamp() * 1000)
        names = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap"}
        columns = {key: self.column(name).tolist() for key, name in names.items()}
        trades = self.column("trades").astype(np.int64).tolist()
        results = [
            {"T": symbol, **{key: values[i] for key, values in columns.items()}, "t": at_ms, "n": trades[i]}
            for i, symbol in enumerate(self.market.symbols)
        ]
        envelope = {"status": "OK", "adjusted": False, "resultsCount": len(results), "results": results}
        body = msgspec.json.encode(envelope)
        return RawReply(status=200, content_type="application/json", body=body, duration_ms=0.0)

    def rows(self) -> list[tuple[object, ...]]:
        """Return the table's rows."""
        names = ("open", "high", "low", "close", "volume", "vwap")
        values = zip(*(self.column(name).tolist() for name in names), strict=True)
        trades = self.column("trades").astype(np.int64).tolist()
        return [
            (instrument, self.day, *prices, count, PROVIDER, 1, KNOWN_AT)
            for instrument, prices, count in zip(self.ids, values, trades, strict=True)
        ]

    def block(self) -> bytes:
        """Return the rows as one binary COPY block, packed whole columns at a time: the limit owes Groat nothing."""
        count = len(self.ids)
        values: list[tuple[np.ndarray[Any, Any], str]] = [
            (np.array(self.ids), ">i4"),
            (np.full(count, (self.day - _EPOCH.date()).days), ">i4"),
            *((self.column(name), ">f8") for name in ("open", "high", "low", "close", "volume", "vwap")),
            (self.column("trades"), ">i4"),
            (np.full(count, PROVIDER.encode()), f"S{len(PROVIDER)}"),
            (np.ones(count), ">i8"),
            (np.full(count, (KNOWN_AT - _EPOCH) // timedelta(microseconds=1)), ">i8"),
        ]
        fields = [("fields", ">i2")]
        for number, (_, kind) in enumerate(values):
            fields += [(f"size{number}", ">i4"), (f"value{number}", kind)]
        rows = np.empty(count, dtype=fields)
        rows["fields"] = len(values)
        for number, (column, kind) in enumerate(values):
            rows[f"size{number}"] = np.dtype(kind).itemsize
            rows[f"value{number}"] = column
        return _HEADER + rows.tobytes() + _TRAILER
