import psycopg
import pytest

from app.db.bars_ingest import COLUMNS
from app.domain import quality
from app.ports.providers import BarsOfDay
from app.providers.polygon import read_grouped
from bench.ingest import LIMIT
from bench.market import load_instruments, make
from bench.replies import Session


def test_a_session_is_the_same_in_each_of_its_forms() -> None:
    session = Session(make(40, 3), list(range(1, 41)), 1)
    bars, reply = session.bars(), read_grouped(session.reply(), BarsOfDay(session=session.day), frozenset())
    sound, held = quality.check(reply.bars)
    assert not held
    assert not reply.unreadable
    assert sound.symbols == bars.symbols
    for name in ("sessions", "open", "high", "low", "close", "volume", "vwap", "trades"):
        assert (getattr(sound, name) == getattr(bars, name)).all()
    assert [row[:6] for row in session.rows()] == [
        (number, session.day, *prices)
        for number, prices in zip(
            range(1, 41), zip(bars.open, bars.high, bars.low, bars.close, strict=True), strict=True
        )
    ]


@pytest.mark.stack
def test_the_limit_copies_the_same_rows_that_the_peer_is_given(database_url: str) -> None:
    market = make(40, 3)
    with psycopg.connect(database_url) as connection:
        session = Session(market, load_instruments(database_url, market), 1)
        connection.execute(f"CREATE TABLE {LIMIT} (LIKE bars_daily INCLUDING CONSTRAINTS)".encode())
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {LIMIT} ({COLUMNS}) FROM STDIN (FORMAT BINARY)".encode()) as out,
        ):
            out.write(session.block())
        rows = f"SELECT {COLUMNS} FROM {LIMIT} ORDER BY instrument_id"  # noqa: S608  our own constants
        stored = connection.execute(rows.encode()).fetchall()
    assert stored == sorted(session.rows())
