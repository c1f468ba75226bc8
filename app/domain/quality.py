"""Row checks: which rows of a reply may be stored, and the evidence against those that may not.

A row that fails is held in quarantine with its evidence and never overwrites a stored one; the rest of the
reply is stored.
"""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from app.domain.bars import DailyBars

if TYPE_CHECKING:
    import numpy.typing as npt

# A source that counted shares in 32 bits shows it as a volume just under 2**31 or 2**32 (some count in hundreds).
OVERFLOWS = (2**31, 2**32)
OVERFLOW_STEP = 100
MAX_TRADES = 2**31 - 1
SYMBOL = re.compile(r"[!-~]{1,32}")
SYMBOLS = re.compile(r"(?:[!-~]{1,32}\n)*+[!-~]{1,32}")
# Below this share of the neighbouring sessions' rows, a reply is taken to be incomplete.
FEWEST_SHARE = 0.8
FEWEST_NEIGHBOURS = 3


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not stored: the first rule that it broke, every fault found, and the row as it was received."""

    symbol: str
    session: date | None
    rule: str
    evidence: dict[str, str]
    row: dict[str, Any]


def valid_symbol(symbol: str) -> bool:
    """Tell whether a ticker is printable ASCII without spaces, of at most 32 characters."""
    return SYMBOL.fullmatch(symbol) is not None


def bad_symbols(symbols: list[str]) -> npt.NDArray[np.bool_]:
    """Mark the tickers that are not valid; all at once when all are."""
    lines = "\n".join(symbols)
    if lines.count("\n") == len(symbols) - 1 and SYMBOLS.fullmatch(lines):
        return np.zeros(len(symbols), dtype=bool)
    return np.array([not valid_symbol(symbol) for symbol in symbols], dtype=bool)


def overflowed(volume: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Mark volumes that are a 32-bit counter's largest value, counted in shares or in hundreds."""
    found = np.zeros(len(volume), dtype=bool)
    for limit in OVERFLOWS:
        found |= (volume >= limit - OVERFLOW_STEP) & (volume < limit)
    return found


def faults(bars: DailyBars) -> dict[str, npt.NDArray[np.bool_]]:
    """Return each rule and the rows that break it. NaN breaks `not_finite` and no comparison."""
    prices = np.stack([bars.open, bars.high, bars.low, bars.close])
    highest, lowest = prices.max(axis=0), prices.min(axis=0)
    with np.errstate(invalid="ignore"):
        return {
            "bad_symbol": bad_symbols(bars.symbols),
            "not_finite": ~(np.isfinite(prices).all(axis=0) & np.isfinite(bars.volume)),
            "not_positive": lowest <= 0,
            "ohlc_order": (highest > bars.high) | (lowest < bars.low),
            "negative_volume": bars.volume < 0,
            "volume_overflow": overflowed(bars.volume),
            "vwap": np.isinf(bars.vwap) | (bars.vwap <= 0),
            "trades": (bars.trades < -1) | (bars.trades > MAX_TRADES),
        }


def check(bars: DailyBars) -> tuple[DailyBars, list[HeldRow]]:
    """Part the rows that may be stored from those that may not.

    Identical duplicates of a (symbol, session) are dropped; different ones are all held.
    """
    broken = faults(bars)
    broken["duplicate"], surplus = duplicates(bars)
    bad = np.logical_or.reduce(list(broken.values()))
    held = [hold(bars, int(i), {rule: mask for rule, mask in broken.items() if mask[i]}) for i in np.flatnonzero(bad)]
    keep = ~bad & ~surplus
    return (bars if keep.all() else take(bars, keep)), held


def duplicates(bars: DailyBars) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Mark the rows whose (symbol, session) comes twice with different values, and the surplus identical ones."""
    differing, surplus = np.zeros(len(bars), dtype=bool), np.zeros(len(bars), dtype=bool)
    if len(set(bars.symbols)) == len(bars):
        return differing, surplus
    keys = zip(bars.symbols, bars.sessions.tolist(), strict=True)
    rows: dict[tuple[str, date], list[int]] = {}
    for i, key in enumerate(keys):
        rows.setdefault(key, []).append(i)
    for same in rows.values():
        if len({repr(values(bars, i)) for i in same}) > 1:
            differing[same] = True
        else:
            surplus[same[1:]] = True
    return differing, surplus


def take(bars: DailyBars, keep: npt.NDArray[np.bool_]) -> DailyBars:
    """Return the marked rows."""
    columns = {name: getattr(bars, name)[keep] for name in DailyBars.__struct_fields__ if name != "symbols"}
    return DailyBars(symbols=[s for s, kept in zip(bars.symbols, keep.tolist(), strict=True) if kept], **columns)


def values(bars: DailyBars, i: int) -> dict[str, float | int]:
    """Return one row's numbers by column."""
    names = ("open", "high", "low", "close", "volume", "vwap", "trades")
    return {name: getattr(bars, name)[i].item() for name in names}


def hold(bars: DailyBars, i: int, broken: dict[str, npt.NDArray[np.bool_]]) -> HeldRow:
    """Describe one row that broke rules; what JSON cannot say (NaN, infinity) is written as text, unknown as null."""
    row: dict[str, Any] = {name: value if np.isfinite(value) else str(value) for name, value in values(bars, i).items()}
    row |= {name: None for name, absent in (("vwap", "nan"), ("trades", -1)) if row[name] == absent}
    return HeldRow(
        symbol=bars.symbols[i],
        session=bars.sessions[i].item(),
        rule=next(iter(broken)),
        evidence={rule: EVIDENCE[rule] for rule in broken},
        row=row,
    )


EVIDENCE = {
    "bad_symbol": "the ticker is not 1 to 32 printable ASCII characters",
    "not_finite": "a price or the volume is not a finite number",
    "not_positive": "a price is zero or negative",
    "ohlc_order": "low <= open, close <= high does not hold",
    "negative_volume": "the volume is negative",
    "volume_overflow": "the volume is the largest value of a 32-bit counter: the source overflowed",
    "vwap": "the volume-weighted price is not a finite number above zero",
    "trades": "the number of trades is negative or beyond 32 bits",
    "duplicate": "the reply holds this symbol twice, with different values",
    "wrong_session": "the row's time is not of the session that was asked for",
    "ambiguous_symbol": "more than one company may have had this ticker on that day",
    "unreadable": "the row does not have the documented fields and types",
}


def expected_rows(neighbours: list[int]) -> int:
    """Return the fewest rows that a whole session has, judged by the sessions next to it; 1 while there are too few."""
    if len(neighbours) < FEWEST_NEIGHBOURS:
        return 1
    return max(1, int(np.ceil(FEWEST_SHARE * float(np.median(neighbours)))))
