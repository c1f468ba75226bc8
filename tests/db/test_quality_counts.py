"""What is stored of each session is counted by the ingest itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from app.db.bars_ingest import BarsIngestStore
from app.domain.bars import DailyBars
from tests.fakes.market import DAY, NOW, bars, fetched

if TYPE_CHECKING:
    from app.db.engine import Database

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
COUNTED = "SELECT session, stored, version FROM bar_sessions ORDER BY session"
TRUE = "SELECT session, count(*)::int FROM bars_daily GROUP BY session ORDER BY session"
NEXT = DAY + timedelta(days=1)


async def query(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()


async def put(database: Database, found: DailyBars, **more: Any) -> None:
    async with database.transaction() as unit:
        await BarsIngestStore().store(unit, found, fetched(**more))


async def test_new_bars_are_counted_corrected_ones_are_not_but_are_judged_again(database: Database) -> None:
    await put(database, bars({"A": 10.0, "B": 20.0}))
    assert await query(database, COUNTED) == [(DAY, 2, 1)]
    await put(database, bars({"A": 10.0, "B": 20.0}), now=NOW + timedelta(hours=1))
    assert await query(database, COUNTED) == [(DAY, 2, 1)]
    await put(database, bars({"A": 11.0, "B": 20.0, "C": 5.0}), now=NOW + timedelta(hours=2))
    await put(database, bars({"A": 12.0}), now=NOW + timedelta(hours=3))
    assert await query(database, COUNTED) == [(DAY, 3, 3)]


async def test_bars_of_many_sessions_are_counted_each_in_its_own(database: Database) -> None:
    first, second = bars({"A": 10.0, "B": 20.0}), bars({"C": 30.0}, NEXT)
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in DailyBars.__struct_fields__
        if name != "symbols"
    }
    await put(database, DailyBars(symbols=["A", "B", "C"], **columns))
    await put(database, bars({"A": 10.0, "B": 20.0}, NEXT), session=NEXT)
    counted = [(session, stored) for session, stored, _ in await query(database, COUNTED)]
    assert counted == await query(database, TRUE) == [(DAY, 2), (NEXT, 3)]


async def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as unit:
            await BarsIngestStore().store(unit, bars({"A": 10.0}), fetched())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await query(database, COUNTED) == []
