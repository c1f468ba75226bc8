"""Bars read back: both ways to read agree, and nothing that was not known shows."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.representations import JSON, ROWS, encode_json
from app.db.bars import Bars
from app.domain.bars import Adjustment, Timeframe
from app.domain.series import Series
from app.ports.reads import BarQuery, BarText, Shape
from app.services.read_bars import BarAnswer, read_bars
from tests.db.market import Bar, bar

if TYPE_CHECKING:
    from app.db.lanes import Lanes
    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
BEGIN, END = date(2020, 1, 1), date(2020, 3, 1)
NUMBERS = itertools.count(1)
with_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def question(*symbols: str, **more: Any) -> BarQuery:
    asked: dict[str, Any] = {
        "symbols": symbols,
        "timeframe": Timeframe.DAY,
        "from_": BEGIN,
        "until": END,
        "adjusted": Adjustment.SPLITS,
        "today": date(2026, 1, 1),
    }
    return BarQuery(**{**asked, **more})


async def answer(lanes: Lanes, query: BarQuery, shape: Shape | None = None) -> BarText | BarAnswer:
    return await read_bars(Bars(lanes), query, shape=shape, max_rows=1_000)


async def series_of(lanes: Lanes, query: BarQuery) -> Series:
    found = (await answer(lanes, query)).found[0][1]
    assert isinstance(found, Series)
    return found


prices = st.floats(1e-300, 1e300, allow_nan=False, allow_infinity=False)


@st.composite
def bars(draw: st.DrawFn) -> list[Bar]:
    days = draw(st.sets(st.dates(BEGIN, END), max_size=12))
    made = []
    for day in sorted(days):
        low, one, other, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
        opened, closed = draw(st.permutations([one, other]))
        made.append(Bar(day, opened, high, low, closed, draw(st.floats(0, 1e300))))
    return made


@with_database
@given(stored=bars(), symbol=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6))
async def test_the_stores_own_json_equals_ours(market: Market, lanes: Lanes, stored: list[Bar], symbol: str) -> None:
    """Every float64 survives both ways, and so does every symbol."""
    unique = f"{symbol}{next(NUMBERS)}"
    market.bars(market.instrument(unique), stored)
    query = question(unique, "no such")
    for media_type, shape in ((JSON, Shape.COLUMNS), (ROWS, Shape.ROWS)):
        written = await answer(lanes, query, shape)
        assert isinstance(written, BarText)
        ours = await answer(lanes, query)
        texts = [encode_json(query, given, media_type) for given in (written, ours)]
        assert msgspec.json.decode(texts[0]) == msgspec.json.decode(texts[1])
    column = await series_of(lanes, query)
    inside = [bar for bar in stored if BEGIN <= bar.session < END]
    assert column.sessions.tolist() == [bar.session for bar in inside]
    assert column.close.tolist() == [bar.close for bar in inside]


class Event(msgspec.Struct, frozen=True):
    """Something that became known at an hour: a bar (again), a split, or a dividend."""

    hour: int
    day: int
    kind: str
    size: int


events = st.lists(
    st.builds(
        Event,
        hour=st.integers(1, 200),
        day=st.integers(0, 8),
        kind=st.sampled_from(["bar", "bar", "bar", "split", "dividend"]),
        size=st.integers(1, 5),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda event: event.hour,
)


def happen(market: Market, symbol: str, history: list[Event]) -> None:
    """Let events come in, in the order in which they became known."""
    number = market.instrument(symbol)
    for event in sorted(history, key=lambda event: event.hour):
        known_at = at_hour(event.hour)
        day = BEGIN + timedelta(days=event.day)
        if event.kind == "bar":
            market.bars(number, [bar(day, 10.0 * event.size + event.hour / 7)], known_at)
        elif event.kind == "split":
            market.split(number, day, (1, event.size), known_at=known_at)
        else:
            market.dividend(number, day, Decimal(event.size) / 10, known_at=known_at)


def at_hour(hour: int) -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hour)


@with_database
@given(
    history=events, hour=st.integers(0, 210), adjusted=st.sampled_from(Adjustment), timeframe=st.sampled_from(Timeframe)
)
async def test_what_was_not_known_then_does_not_show(  # noqa: PLR0913, PLR0917  each is drawn
    market: Market, lanes: Lanes, history: list[Event], hour: int, adjusted: Adjustment, timeframe: Timeframe
) -> None:
    """Truncate at T and ask again: bit-equal to asking everything as of T."""
    whole, cut = f"W{next(NUMBERS)}", f"C{next(NUMBERS)}"
    happen(market, whole, history)
    happen(market, cut, [event for event in history if event.hour <= hour])
    as_of = at_hour(hour)
    asked = {"adjusted": adjusted, "today": as_of.date(), "timeframe": timeframe}
    then = await series_of(lanes, question(whole, as_of=as_of, **asked))
    live = await series_of(lanes, question(cut, **asked))
    for name in ("sessions", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(then, name), getattr(live, name)), name


async def test_a_correction_shows_from_when_it_was_known(market: Market, lanes: Lanes) -> None:
    number = market.instrument("AAPL")
    market.bars(number, [bar("2020-01-02", 100)], at_hour(48))
    market.bars(number, [bar("2020-01-02", 90)], at_hour(72))
    market.bars(number, [bar("2020-01-02", 80)], at_hour(96))
    seen = [(await series_of(lanes, question("AAPL", as_of=at_hour(h)))).close.tolist() for h in (47, 48, 72, 95, 96)]
    assert seen == [[], [100.0], [90.0], [90.0], [80.0]]
    assert (await series_of(lanes, question("AAPL"))).close.tolist() == [80.0]


async def test_a_split_counts_from_its_ex_date_and_once_for_two_providers(market: Market, lanes: Lanes) -> None:
    number = market.instrument("AAPL")
    market.bars(number, [bar("2020-01-02", 100), bar("2020-01-03", 50)])
    market.split(number, date(2020, 1, 3), (1, 2), provider="one")
    market.split(number, date(2020, 1, 3), (1, 2), provider="two")
    before = await series_of(lanes, question("AAPL", today=date(2020, 1, 2)))
    after = await series_of(lanes, question("AAPL", today=date(2020, 1, 3)))
    assert before.close.tolist() == [100.0, 50.0]
    assert after.close.tolist() == [50.0, 50.0]
    assert after.volume.tolist() == [2_000.0, 1_000.0]
    raw = await series_of(lanes, question("AAPL", adjusted=Adjustment.NONE))
    assert raw.close.tolist() == [100.0, 50.0]


async def test_an_action_behind_the_range_still_restates_it(market: Market, lanes: Lanes) -> None:
    number = market.instrument("AAPL")
    market.bars(number, [bar("2020-01-02", 100), bar("2020-06-01", 100), bar("2020-06-02", 95)])
    market.dividend(number, date(2020, 6, 2), Decimal(5))
    market.dividend(number, date(2020, 6, 2), Decimal(7), currency="EUR")
    query = question("AAPL", adjusted=Adjustment.ALL)
    assert await Bars(lanes).text(query, Shape.COLUMNS) is None
    assert (await series_of(lanes, query)).close.tolist() == [95.0]


async def test_symbols_come_in_the_order_asked_and_unknown_ones_are_named(market: Market, lanes: Lanes) -> None:
    market.bars(market.instrument("B"), [bar("2020-01-02")])
    market.instrument("A")
    for shape in (None, Shape.COLUMNS, Shape.ROWS):
        given = await answer(lanes, question("B", '"}\\', "A"), shape)
        assert [symbol for symbol, _ in given.found] == ["B", "A"]
        assert given.unknown == ['"}\\']
        assert given.watermark == "bars_daily:1,instruments:2"
