"""Held rows: released as they are or refused with the reason, rejected for good; each decision once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.instrument_ids import InstrumentIds
from app.db.quarantine import QuarantineStore
from app.domain.datasets import Dataset
from app.domain.errors import ConflictError, InvalidRequestError, UnknownSubjectError
from app.domain.quality import HeldRow, check
from app.ports.quality import HeldQuery
from app.services.review_quarantine import review_quarantine
from tests.fakes.clocks import ManualClock
from tests.fakes.market import DAY, NOW, bars, fetched

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.domain.bars import DailyBars
    from app.ports.quality import HeldView

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
LATER = NOW + timedelta(days=1)
BARS = """
SELECT symbol, session, close, volume, vwap, trades, b.provider, fetch_id, b.known_at
FROM bars_daily b JOIN instruments i ON i.id = instrument_id ORDER BY 1, 2
"""


class Desk:
    """A quarantine, and the ingest that fills it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(NOW)
        self.store = QuarantineStore(database, InstrumentIds())

    async def ingest(self, found: DailyBars, **more: Any) -> None:
        sound, held = check(found)
        async with self.database.transaction() as unit:
            await BarsIngestStore().store(unit, sound, fetched(held=held, **more))

    async def hold(self, row: HeldRow, dataset: Dataset = Dataset.BARS_DAILY) -> int:
        async with self.database.transaction() as unit:
            await ActionsIngestStore().store(unit, [], fetched(held=[row], dataset=dataset))
        return (await self.held())[0].id

    async def held(self, state: str | None = "held") -> list[HeldView]:
        return list(await self.store.page(HeldQuery(limit=10, state=state)))

    async def review(self, held_id: int, verdict: Any, reason: str = "seen at the exchange") -> HeldView:
        self.clock = ManualClock(LATER)
        return await review_quarantine(self.store, self.clock, held_id, verdict, reason=reason, decided_by="operator")

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(sql.encode())).fetchall()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def overflowing(closes: dict[str, float]) -> DailyBars:
    """A market in which the last symbol's volume overflowed."""
    found = bars(closes)
    found.volume[-1] = 2147483600.0
    return found


async def test_a_released_bar_is_stored_as_it_is_under_its_own_fetch_and_known_from_now(desk: Desk) -> None:
    await desk.ingest(overflowing({"A": 10.0, "C": 4.0}))
    [held] = await desk.held()
    released = await desk.review(held.id, "release")
    assert (released.state, released.decided_at, released.decided_by) == ("released", LATER, "operator")
    assert released.reason == "seen at the exchange"
    rows = await desk.query(BARS)
    assert rows[1] == ("C", DAY, 4.0, 2147483600.0, 4.0, 7, "polygon", held.fetch_id, LATER)
    assert await desk.query("SELECT session, stored FROM bar_sessions") == [(DAY, 2)]
    versions = dict(await desk.query("SELECT dataset, version FROM watermarks"))
    assert versions == {"bars_daily": 2, "instruments": 2, "quarantine": 1}


async def test_a_decision_is_made_once(desk: Desk) -> None:
    await desk.ingest(overflowing({"A": 10.0, "C": 4.0}))
    [held] = await desk.held()
    both = await asyncio.gather(*(desk.review(held.id, "release") for _ in range(4)))
    assert len({one.decided_at for one in both}) == 1
    before = await desk.query(BARS), await desk.query("TABLE watermarks")
    assert await desk.review(held.id, "release", "again") == both[0]
    assert (await desk.query(BARS), await desk.query("TABLE watermarks")) == before
    with pytest.raises(ConflictError, match="was released and is stored"):
        await desk.review(held.id, "reject")


async def test_a_stored_bar_that_a_release_replaces_becomes_a_revision(desk: Desk) -> None:
    await desk.ingest(bars({"A": 10.0, "C": 4.0}))
    await desk.ingest(overflowing({"A": 10.0, "C": 5.0}), now=NOW + timedelta(hours=1))
    [held] = await desk.held()
    await desk.review(held.id, "release")
    assert [row[2:4] for row in await desk.query(BARS)] == [(10.0, 0.5), (5.0, 2147483600.0)]
    assert await desk.query("SELECT close, known_at, superseded_at FROM bar_revisions") == [(4.0, NOW, LATER)]


async def test_a_rejected_row_stays_out_and_is_not_held_again(desk: Desk) -> None:
    await desk.ingest(overflowing({"A": 10.0, "C": 4.0}))
    [held] = await desk.held()
    rejected = await desk.review(held.id, "reject", "a broken counter")
    assert (rejected.state, rejected.reason) == ("rejected", "a broken counter")
    assert await desk.review(held.id, "reject", "again") == rejected
    await desk.ingest(overflowing({"A": 10.0, "C": 4.0}), now=NOW + timedelta(hours=1))
    assert await desk.held() == []
    assert [row[0] for row in await desk.query(BARS)] == ["A"]
    assert (await desk.review(held.id, "release")).state == "released"


@pytest.mark.parametrize(("changes", "why"), [
    ({"high": 1.0}, "bars_daily_ohlc"),
    ({"low": -3.0}, "bars_daily_ohlc"),
    ({"open": float("nan")}, "fields and types"),
    ({"volume": float("inf")}, "fields and types"),
    ({"trades": 2**31}, "number of trades"),
])  # fmt: skip
async def test_a_row_that_the_table_cannot_hold_is_refused_and_stays_held(
    desk: Desk, changes: dict[str, float], why: str
) -> None:
    found = bars({"A": 10.0, "C": 4.0})
    for name, value in changes.items():
        column = getattr(found, name)
        column[-1] = np.int64(value) if name == "trades" else value
    await desk.ingest(found)
    [held] = await desk.held()
    with pytest.raises(InvalidRequestError, match=why):
        await desk.review(held.id, "release")
    assert await desk.held() == [held]
    assert [row[0] for row in await desk.query(BARS)] == ["A"]


@pytest.mark.parametrize(("row", "dataset", "why"), [
    ({"symbol": "N L", "session": DAY}, Dataset.BARS_DAILY, "no valid one"),
    ({"symbol": "C", "session": None}, Dataset.BARS_DAILY, "session is not known"),
    ({"symbol": "C", "session": DAY}, Dataset.BARS_DAILY, "fields and types"),
    ({"symbol": "C", "session": DAY}, Dataset.NEWS, "cannot be stored one by one"),
    ({"symbol": "C", "session": DAY}, Dataset.SPLITS, "fields and types"),
])  # fmt: skip
async def test_what_is_no_fact_of_a_table_is_refused(
    desk: Desk, row: dict[str, Any], dataset: Dataset, why: str
) -> None:
    held_id = await desk.hold(HeldRow(rule="unreadable", evidence={"unreadable": "no"}, row={"T": 1}, **row), dataset)
    with pytest.raises(InvalidRequestError, match=why):
        await desk.review(held_id, "release")
    assert (await desk.store.get(held_id)).state == "held"
    assert await desk.query("SELECT count(*) FROM instruments") == [(0,)]


async def test_a_split_can_be_released(desk: Desk) -> None:
    row = {"ref": "s1", "symbol": "C", "kind": "split", "ex_date": str(DAY), "split_from": "1", "split_to": "2000000"}
    held = HeldRow(symbol="C", session=DAY, rule="split_ratio", evidence={"split_ratio": "too great"}, row=row)
    released = await desk.review(await desk.hold(held, Dataset.SPLITS), "release")
    facts = await desk.query("SELECT kind, split_to, provider_ref, fetch_id, known_at FROM corporate_actions")
    assert facts == [("split", 2_000_000, "s1", released.fetch_id, LATER)]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b", "two\nlines"])
async def test_a_decision_needs_a_reason(desk: Desk, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match="reason"):
        await desk.review(1, "reject", reason)


async def test_nothing_is_decided_on_a_row_that_is_not_there(desk: Desk) -> None:
    for verdict in ("release", "reject"):
        with pytest.raises(UnknownSubjectError, match="no held row 7"):
            await desk.review(7, verdict)
