"""Reads that wait together go together, and each asker gets just what it would have got alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from app.db import joined_reads
from app.db.joined_reads import JoinedReads
from app.domain.errors import DependencyDownError

if TYPE_CHECKING:
    from app.db.lanes import Lanes

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
# A row a symbol: the transaction that read it, the symbol, and what else was asked.
ECHO = "SELECT pg_current_snapshot()::text, s, $2::text, pg_sleep(0.05)::text FROM unnest($1::text[]) AS s"
FAIL = "SELECT '', s, (1 / (length(s) - length(s)))::text FROM unnest($1::text[]) AS s"


class Counted(JoinedReads):
    """Counts the statements that are sent."""

    def __init__(self, lanes: Lanes) -> None:
        super().__init__(lanes)
        self.sent: list[tuple[str, ...]] = []
        send = lanes.attempt

        async def attempt(sql: Any, params: Any) -> Any:
            def late() -> Any:
                given = params() if callable(params) else params
                self.sent.append(given)
                return given

            return await send(sql, late)

        lanes.attempt = attempt  # type: ignore[method-assign]  # counts, and does the same


async def ask(reads: JoinedReads, *symbols: str, rest: str = "now", days: int = 1) -> list[tuple[bytes, bytes]]:
    rows = await reads.rows("test", ECHO, symbols, (rest,), days=days)
    return [(row[1] or b"", row[2] or b"") for row in rows]


async def test_what_waits_is_read_together_and_each_gets_its_own(lanes: Lanes) -> None:
    reads = Counted(lanes)
    asked = [(f"S{number}", f"S{number % 7}") for number in range(40)]
    answers = await asyncio.gather(*(ask(reads, *symbols) for symbols in asked))
    assert answers == [[(symbol.encode(), b"now") for symbol in symbols] for symbols in asked]
    # Two lanes are taken at once; all the others wait for the first that is free.
    assert len(reads.sent) == 3
    assert not reads.open


async def test_what_differs_in_anything_else_is_read_apart(lanes: Lanes) -> None:
    reads = Counted(lanes)
    answers = await asyncio.gather(*(ask(reads, "S", rest=f"{number % 2}") for number in range(20)))
    assert answers == [[(b"S", str(number % 2).encode())] for number in range(20)]
    assert len(reads.sent) == 4


async def test_a_read_alone_waits_for_nobody(lanes: Lanes) -> None:
    reads = Counted(lanes)
    for number in range(3):
        assert await ask(reads, f"S{number}") == [(f"S{number}".encode(), b"now")]
    assert len(reads.sent) == 3


async def test_one_statement_is_not_made_too_long(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_reads, "MOST_SYMBOL_DAYS", 1_000)
    reads = Counted(lanes)
    await asyncio.gather(*(ask(reads, f"S{number}", days=250) for number in range(22)))
    assert max(given[0].count("S") for given in reads.sent) == 4
    assert len(reads.sent) == 2 + 5


async def test_who_goes_away_leaves_the_others_their_answer(lanes: Lanes) -> None:
    reads = Counted(lanes)
    tasks = [asyncio.create_task(ask(reads, f"S{number}")) for number in range(6)]
    await asyncio.sleep(0)
    for task in (tasks[2], tasks[4]):
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in found] == [False, False, True, False, True, False]
    assert found[5] == [(b"S5", b"now")]
    assert await ask(reads, "S9") == [(b"S9", b"now")]
    assert len(lanes.idle) == lanes.open == 2


async def test_a_failure_reaches_everybody_who_waited(lanes: Lanes) -> None:
    reads = JoinedReads(lanes)
    found = await asyncio.gather(
        *(reads.rows("test", FAIL, [f"S{number}"]) for number in range(6)), return_exceptions=True
    )
    assert all(isinstance(each, Exception) for each in found)
    assert not reads.open
    assert await ask(reads, "S9") == [(b"S9", b"now")]


async def test_lanes_that_stay_taken_are_named(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.db.lanes.CHECKOUT_S", 0.1)
    busy = [asyncio.create_task(lanes.rows("test", "SELECT pg_sleep(1)::text", ())) for _ in range(2)]
    await asyncio.sleep(0.05)
    reads = JoinedReads(lanes)
    found = await asyncio.gather(*(ask(reads, "S") for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [DependencyDownError] * 3
    await asyncio.gather(*busy)
    assert not reads.open
