"""Real memberships of real indices, stored and asked by date: the ones that have gone are among them."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from app.db.index_memberships import IndexMembershipStore, Indices
from app.db.instruments_past import PastInstruments
from app.domain.errors import GiveUpError, UnknownSubjectError
from app.memberships import read_memberships
from app.services.read_indices import MembersRequest, read_members
from app.services.refresh_memberships import refresh_memberships
from tests.db.market import bar
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.db.lanes import Lanes
    from app.domain.index_memberships import IndexHistory
    from tests.db.market import Market

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

CRASH = date(2010, 5, 6)
MODERN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def history() -> IndexHistory:
    return asyncio.run(read_memberships())


async def refresh(database: Database, history: IndexHistory, now: datetime) -> None:
    async def read() -> IndexHistory:
        return history

    await refresh_memberships(FakeStep(database), IndexMembershipStore(), read, ManualClock(now))


async def members(lanes: Lanes, on: date, index: str = "sp500", as_of: datetime | None = None) -> dict[str, int | None]:
    found = await read_members(Indices(lanes), MembersRequest(index=index, on=on, as_of=as_of))
    return {member.symbol: member.instrument.id if member.instrument else None for member in found}


async def test_members_of_a_past_day_include_those_that_have_gone(
    database: Database, lanes: Lanes, history: IndexHistory
) -> None:
    await refresh(database, history, MODERN)
    then = await members(lanes, date(2008, 9, 11))
    assert then.keys() >= {"LEH", "FNM", "FRE", "WB", "NCC", "AAPL"}, "gone before the year ended"
    assert not then.keys() & {"META", "TSLA"}
    now = await members(lanes, MODERN.date())
    assert not now.keys() & {"LEH", "FNM", "FRE", "WB", "NCC"}
    assert now.keys() >= {"META", "AAPL"}
    # The source does not know all of the earlier ones; the answer says how many there should be.
    days = [date(year, 6, 30) for year in (1998, 2008, 2010, 2012, 2016, 2020, 2024)]
    counts = [len(await Indices(lanes).members("sp500", day, None)) for day in days]
    assert counts == [398, 476, 493, 495, 499, 504, 502]
    assert len(await members(lanes, CRASH, "dow30")) == 30
    summaries = await Indices(lanes).summaries(CRASH, None)
    assert [(each.index, each.size, each.members) for each in summaries] == [
        ("dow30", 30, 30), ("nasdaq100", 100, 109), ("sp500", 500, 493),
    ]  # fmt: skip


async def test_a_replayed_market_does_not_know_its_future(
    database: Database, lanes: Lanes, history: IndexHistory
) -> None:
    now = datetime(2010, 5, 6, 20, 0, tzinfo=UTC)
    await refresh(database, history, now)
    async with database.connection() as connection:
        later = "SELECT count(*) FROM index_memberships WHERE greatest(joined_on, left_on) > %s"
        assert await (await connection.execute(later, [CRASH])).fetchall() == [(0,)]
    first = await members(lanes, CRASH)
    assert "META" not in first
    then = now + timedelta(days=1500)
    await refresh(database, history, then)
    assert "FB" in await members(lanes, then.date())
    assert await members(lanes, CRASH, as_of=now) == first
    with pytest.raises(UnknownSubjectError, match="dax"):
        await members(lanes, CRASH, "dax")


async def test_members_are_linked_by_evidence_only(
    database: Database, lanes: Lanes, market: Market, history: IndexHistory
) -> None:
    apple, alcoa, lehman = (market.instrument(symbol) for symbol in ("AAPL", "AA", "LEH"))
    market.connection.execute(
        "UPDATE instruments SET active = false, delisted_on = '2008-09-17' WHERE id = %s", (lehman,)
    )
    await refresh(database, history, MODERN)
    crisis = await members(lanes, date(2008, 9, 12))
    assert (crisis["AAPL"], crisis["LEH"]) == (apple, lehman)
    # The Alcoa of today is another than the one that was a member; without its bars nothing tells them apart.
    assert crisis["AA"] is None
    facebook = market.instrument("FB")
    market.connection.execute("UPDATE instruments SET symbol = 'META', changed_at = now() WHERE id = %s", (facebook,))
    market.connection.execute(
        "UPDATE instrument_symbols SET valid_to = '2022-06-09' WHERE instrument_id = %s", (facebook,)
    )
    market.connection.execute(
        "INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, provider, known_at)"
        " VALUES (%s, 'META', '2022-06-09', 'test', now())",
        (facebook,),
    )
    market.bars(alcoa, [bar("2008-09-12")])
    linked = MODERN + timedelta(days=7)
    await refresh(database, history, linked)
    assert (await members(lanes, date(2015, 6, 30)))["META"] == facebook
    assert (await members(lanes, date(2008, 9, 12)))["AA"] == alcoa
    # What was not known then is not told then.
    assert (await members(lanes, date(2008, 9, 12), as_of=MODERN))["AA"] is None
    story = await PastInstruments(lanes).story(facebook, None)
    assert {(each.index, each.joined_on) for each in story.memberships} >= {("sp500", date(2013, 12, 23))}


async def test_a_broken_release_changes_nothing(database: Database, lanes: Lanes, history: IndexHistory) -> None:
    await refresh(database, history, MODERN)
    before = await members(lanes, CRASH)
    broken = msgspec.structs.replace(history, memberships=history.memberships[:700])
    with pytest.raises(GiveUpError, match="nothing was changed"):
        await refresh(database, broken, MODERN + timedelta(days=30))
    assert await members(lanes, CRASH) == before


async def test_a_corrected_membership_supersedes_the_old_one(
    database: Database, lanes: Lanes, history: IndexHistory
) -> None:
    await refresh(database, history, MODERN)
    corrected = [
        msgspec.structs.replace(member, left_on=CRASH) if member.symbol == "KO" and member.index == "sp500" else member
        for member in history.memberships
    ]
    later = MODERN + timedelta(days=30)
    await refresh(database, msgspec.structs.replace(history, memberships=corrected), later)
    assert "KO" not in await members(lanes, CRASH)
    assert "KO" in await members(lanes, CRASH, as_of=MODERN)
    await refresh(database, msgspec.structs.replace(history, memberships=corrected), later + timedelta(days=30))
    async with database.connection() as connection:
        rows = await (
            await connection.execute("SELECT version FROM watermarks WHERE dataset = 'index_memberships'")
        ).fetchall()
    assert rows == [(2,)], "the same again changes nothing"
