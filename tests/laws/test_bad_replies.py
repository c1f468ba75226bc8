"""The law of replies: however a good reply is spoilt, nothing is stored that it did not say or that cannot be.

A reply is spoilt in its bytes (cut, turned, doubled) or in its fields (dropped, replaced by what no market ever was).
"""

import copy
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.db.bars_ingest import BarsIngestStore
from app.db.engine import Database
from app.domain import quality
from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.quality import HeldRow
from app.ports.providers import ActionsPage, BarsOfDay, TickersPage
from app.providers.client.http import RawReply
from app.providers.client.verdicts import RefusedError
from app.providers.polygon import TWINS, read_actions, read_grouped, read_tickers
from app.providers.rows.polygon import DividendRow, SplitRow, Ticker
from app.services.fetch_actions import checked
from app.settings import DatabaseSettings
from tests.fakes.market import fetched

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

DAY = date(2010, 5, 6)
AT_MS = 1273176000000
SYMBOLS = ("AAPL", "BRK.B", "IBM", "KO", "PG", "XOM")
GOOD: dict[str, Any] = {
    "status": "OK",
    "adjusted": False,
    "queryCount": len(SYMBOLS),
    "resultsCount": len(SYMBOLS),
    "results": [
        {"T": symbol, "o": 60.0 + i, "h": 62.5 + i, "l": 39.37 + i, "c": 60.75 + i, "v": 1e6 * i, "vw": 60.5 + i,
         "n": 100 + i, "t": AT_MS}
        for i, symbol in enumerate(SYMBOLS)
    ],
    "request_id": "ab12",
}  # fmt: skip
# What a field may turn into. Some are good values in a wrong place: those must either be held or be consistent.
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([
        None, True, False, "", "0", "1.5", "NaN", "None", [], {}, [1], -1, 0, -0.0, 1e308, -1e308, 10**30, 2**31 - 1,
        2**31, 2147483600, 5e-324, 1e-9, AT_MS + 86_400_000, AT_MS - 86_400_000, "\x00", "A B", "É", "x" * 5000, "PG",
    ]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.text(max_size=5),
)  # fmt: skip
FIELDS = ("T", "o", "h", "l", "c", "v", "vw", "n", "t")
TOP = ("status", "adjusted", "queryCount", "resultsCount", "results", "error", "message", "next_url")
ROW = st.integers(0, len(SYMBOLS) - 1)
SPOILS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), ROW, st.sampled_from(FIELDS), ODD),
        st.tuples(st.just("drop"), ROW, st.sampled_from(FIELDS), st.none()),
        st.tuples(st.just("top"), ROW, st.sampled_from(TOP), ODD),
        st.tuples(st.just("copy"), ROW, st.sampled_from(FIELDS), ODD),
        st.tuples(st.just("remove"), ROW, st.just("T"), st.none()),
        st.tuples(st.just("row"), ROW, st.just("T"), ODD),
        st.tuples(st.just("swap"), ROW, st.sampled_from(FIELDS), ROW),
    ),
    min_size=1,
    max_size=4,
)


def spoilt(spoils: list[tuple[str, int, str, Any]]) -> dict[str, Any]:
    """Apply changes to a copy of the good reply."""
    body = copy.deepcopy(GOOD)
    for how, row, field, value in spoils:
        results = body.get("results")
        if how == "top":
            body[field] = value
        elif isinstance(results, list) and row < len(results):
            change(results, how, row, field, value)
    return body


def change(results: list[Any], how: str, row: int, field: str, value: Any) -> None:
    if how == "remove":
        del results[row]
    elif how == "row":
        results[row] = value
    elif not isinstance(results[row], dict):
        return
    elif how == "drop":
        results[row].pop(field, None)
    elif how == "copy":
        results.append({**results[row], field: value})
    elif how == "swap" and value < len(results) and isinstance(results[value], dict):
        results[row][field], results[value][field] = results[value].get(field), results[row].get(field)
    else:
        results[row][field] = value


def reply(raw: bytes) -> RawReply:
    return RawReply(status=200, content_type="application/json", body=raw, duration_ms=1.0)


def outcome(raw: bytes) -> tuple[DailyBars, list[HeldRow]] | None:
    """What would be stored and what held; None when the whole reply is refused."""
    try:
        found = read_grouped(reply(raw), BarsOfDay(session=DAY), TWINS)
    except RefusedError:
        return None
    kept, held = quality.check(found.bars)
    return kept, [*held, *found.unreadable]


def require_sound(kept: DailyBars) -> None:
    """No row that is kept is impossible."""
    assert all(quality.valid_symbol(symbol) for symbol in kept.symbols)
    assert len(set(kept.symbols)) == len(kept)
    assert (kept.sessions == np.datetime64(DAY)).all()
    assert ((kept.low > 0) & np.isfinite(kept.high)).all()
    for column in (kept.open, kept.close):
        assert ((kept.low <= column) & (column <= kept.high)).all()
    assert ((kept.volume >= 0) & np.isfinite(kept.volume)).all()
    assert ((kept.trades >= -1) & (kept.trades < 2**31)).all()
    assert (np.isnan(kept.vwap) | (kept.vwap > 0)).all()


def row_of(kept: DailyBars, i: int) -> tuple[float, ...]:
    columns = (kept.open, kept.high, kept.low, kept.close, kept.volume, kept.vwap, kept.trades)
    return tuple(float(column[i]) for column in columns)


GOOD_KEPT, _ = outcome(json.dumps(GOOD).encode()) or (None, [])
assert GOOD_KEPT is not None
TRUTH = {symbol: row_of(GOOD_KEPT, i) for i, symbol in enumerate(GOOD_KEPT.symbols)}


@given(spoils=SPOILS)
@example(spoils=[("set", 0, "h", 1e308), ("set", 1, "T", "AAPL")])
@example(spoils=[("top", 0, "adjusted", True)])
@example(spoils=[("copy", 0, "c", 61.0), ("top", 0, "resultsCount", 7)])
def test_spoilt_fields_store_only_what_can_be_and_rows_that_nobody_touched(
    spoils: list[tuple[str, int, str, Any]],
) -> None:
    found = outcome(json.dumps(spoilt(spoils)).encode())
    if found is None:
        return
    kept, held = found
    require_sound(kept)
    touched = {SYMBOLS[row] for _, row, _, _ in spoils}
    touched |= {SYMBOLS[value] for how, _, _, value in spoils if how == "swap"}
    touched |= {str(value) for *_, value in spoils}
    # Rows move up when one is removed, so that a later change may touch another than it names.
    if any(how == "remove" for how, *_ in spoils):
        touched |= set(SYMBOLS)
    for i, symbol in enumerate(kept.symbols):
        if symbol not in touched:
            assert row_of(kept, i) == TRUTH[symbol]
    for row in held:
        assert row.evidence[row.rule]


@given(at=st.integers(0, len(json.dumps(GOOD)) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_spoilt_bytes_store_only_what_can_be(at: int, byte: int, cut: bool) -> None:  # noqa: FBT001  drawn
    raw = json.dumps(GOOD).encode()
    found = outcome(raw[:at] if cut else raw[:at] + bytes([byte]) + raw[at + 1 :])
    assert not (cut and found)
    if found:
        require_sound(found[0])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(spoils=SPOILS)
async def test_whatever_is_kept_or_held_the_tables_take(
    database: Database, spoils: list[tuple[str, int, str, Any]]
) -> None:
    found = outcome(json.dumps(spoilt(spoils)).encode())
    if found is None:
        return
    kept, held = found
    async with database.connection() as connection:
        await connection.execute("TRUNCATE bars_daily, bar_revisions, fetches, settled, quarantine")
    async with database.transaction() as unit:
        stored = await BarsIngestStore().store(unit, kept, fetched(DAY, held=held))
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM bars_daily")
        assert await cursor.fetchone() == (len(kept),)
    assert stored.held <= len(held)


PAGES: dict[type, dict[str, Any]] = {
    Ticker: {"ticker": "A", "name": "Agilent", "primary_exchange": "XNYS", "active": True, "currency_name": "usd"},
    SplitRow: {"ticker": "PG", "execution_date": "2004-06-21", "split_from": 1, "split_to": 2},
    DividendRow: {"ticker": "KO", "ex_dividend_date": "2010-06-11", "cash_amount": 0.44, "frequency": 4},
}


KINDS = {SplitRow: Dataset.SPLITS, DividendRow: Dataset.DIVIDENDS}


@given(kind=st.sampled_from(list(PAGES)), changes=st.lists(st.tuples(st.integers(0, 4), ODD), max_size=3))
def test_spoilt_pages_of_reference_data_give_only_sound_rows(kind: Any, changes: list[tuple[int, Any]]) -> None:
    row = dict(PAGES[kind])
    for field, value in changes:
        row[list(row)[field % len(row)]] = value
    good = {**PAGES[kind], "ticker": "GOOD"}
    raw = json.dumps({"status": "OK", "results": [row, good, good]}).encode()
    try:
        if kind is Ticker:
            symbols = [ticker.symbol for ticker in read_tickers(reply(raw), TickersPage(), TWINS).tickers]
        else:
            question = ActionsPage(dataset=KINDS[kind], since=DAY)
            actions, held = checked(read_actions(reply(raw), question, TWINS).actions)
            assert all(row.evidence for row in held)
            symbols = [action.symbol for action in actions]
            for action in actions:
                numbers = (action.split_from, action.split_to, action.cash_amount)
                assert all(number is None or number.is_finite() for number in numbers)
                assert action.kind == "dividend" or min(action.split_from or 0, action.split_to or 0) > 0
    except RefusedError:
        return
    assert "GOOD" in symbols
    assert all(quality.valid_symbol(symbol) for symbol in symbols)
