"""Tickers change hands and companies change tickers: every fact stays with the company that it is about."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.instruments_ingest import InstrumentsIngestStore
from app.domain.actions import ReportedAction
from app.domain.datasets import Dataset
from app.ports.providers import ListedTicker
from app.ports.stores import ListPage
from tests.fakes.market import NOW, bars, fetched

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.ports.stores import Stored

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

SATURDAY = date(2010, 5, 8)
WEEK = timedelta(days=7)
FB = ListedTicker(symbol="FB", name="Facebook, Inc.", type="CS", cik="0001326801", figi="BBG000MM2P62")
META = ListedTicker(symbol="META", name="Meta Platforms, Inc.", type="CS", cik="0001326801", figi="BBG000MM2P62")
PG = ListedTicker(symbol="PG", name="Procter & Gamble", type="CS", cik="0000080424", figi="BBG000BR2TH3")
KO = ListedTicker(symbol="KO", name="Coca-Cola", type="CS", cik="0000021344", figi="BBG000BMX289")


class Desk:
    """Stores of one process, and the days on which they are used."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bars, self.lists, self.actions = BarsIngestStore(), InstrumentsIngestStore(), ActionsIngestStore()

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(sql, values)).fetchall()

    async def trade(self, session: date, **closes: float) -> Stored:
        async with self.database.transaction() as unit:
            return await self.bars.store(unit, bars(closes, session), fetched(session, now=at(session)))

    async def sweep(self, on: date, *tickers: ListedTicker, active: bool = True) -> Stored:
        page = ListPage(on=on, active=active, last=True)
        source = fetched(on, now=at(on), dataset=Dataset.INSTRUMENTS)
        async with self.database.transaction() as unit:
            return await self.lists.store(unit, tickers, source, page)

    async def tenures(self, instrument: int) -> list[tuple[Any, ...]]:
        return await self.rows(
            "SELECT symbol, valid_from, valid_to FROM instrument_symbols"
            " WHERE instrument_id = %s AND superseded_at IS NULL ORDER BY valid_to NULLS LAST",
            instrument,
        )

    async def instruments(self) -> list[tuple[Any, ...]]:
        return await self.rows("SELECT id, symbol, active, delisted_on FROM instruments ORDER BY id")

    async def traded(self) -> list[tuple[Any, ...]]:
        return await self.rows("SELECT instrument_id, session FROM bars_daily ORDER BY 1, 2")


def at(day: date) -> datetime:
    return NOW + (day - NOW.date())


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_a_renamed_company_keeps_its_number_and_its_bars(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    (fb,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "FB"]
    await desk.trade(date(2010, 5, 10), FB=1.0, PG=2.0)
    # The bars of the new ticker come before the list that tells whose it is.
    await desk.trade(date(2010, 5, 12), META=1.0, PG=2.0)
    assert len(await desk.instruments()) == 4
    stored = await desk.sweep(SATURDAY + WEEK, META, PG, KO)
    assert stored.changed >= 1
    assert [row for row in await desk.instruments() if row[0] == fb] == [(fb, "META", True, None)]
    assert len(await desk.instruments()) == 3
    assert await desk.tenures(fb) == [("FB", None, date(2010, 5, 12)), ("META", date(2010, 5, 12), None)]
    assert [day for number, day in await desk.traded() if number == fb] == [date(2010, 5, 10), date(2010, 5, 12)]
    # A backfill of an older session still finds it under the old ticker, and the newest under the new one.
    await desk.trade(date(2010, 4, 26), FB=1.0)
    await desk.trade(date(2010, 5, 17), META=1.0)
    assert len([day for number, day in await desk.traded() if number == fb]) == 4
    assert len(await desk.instruments()) == 3
    kept = await desk.rows("SELECT symbol, name FROM instrument_revisions WHERE instrument_id = %s", fb)
    assert kept == [("FB", "Facebook, Inc.")]


async def test_without_bars_both_tickers_are_the_company_between_the_sweeps(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    await desk.sweep(SATURDAY + WEEK, META, PG, KO)
    (fb,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "META"]
    assert await desk.tenures(fb) == [
        ("FB", None, SATURDAY + WEEK),
        ("META", SATURDAY + timedelta(days=1), None),
    ]
    await desk.trade(date(2010, 5, 11), META=1.0)
    await desk.trade(date(2010, 5, 12), FB=1.0)
    assert await desk.traded() == [(fb, date(2010, 5, 11)), (fb, date(2010, 5, 12))]


async def test_a_ticker_that_another_company_took_over_is_another_instrument(desk: Desk) -> None:
    fund = ListedTicker(
        symbol="META", name="Roundhill Ball Metaverse ETF", type="ETF", cik="0001976517", figi="BBG011B0XTX1"
    )
    await desk.sweep(SATURDAY, FB, fund, PG)
    (old,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "META"]
    moved = ListedTicker(symbol="METV", name=fund.name, type="ETF", cik=fund.cik, figi=fund.figi)
    await desk.sweep(SATURDAY + WEEK, META, moved, PG)
    found = {symbol: number for number, symbol, *_ in await desk.instruments()}
    assert found["METV"] == old
    assert len(found) == 3
    await desk.trade(date(2010, 5, 3), META=5.0, FB=1.0)
    await desk.trade(date(2010, 5, 17), META=1.0, METV=5.0)
    assert await desk.traded() == sorted([
        (old, date(2010, 5, 3)), (old, date(2010, 5, 17)),
        (found["META"], date(2010, 5, 3)), (found["META"], date(2010, 5, 17)),
    ])  # fmt: skip


async def test_what_two_sweeps_lack_and_the_other_list_has_is_delisted(desk: Desk) -> None:
    gone = ListedTicker(symbol="FB", figi=FB.figi, cik=FB.cik, active=False, delisted_on=date(2010, 5, 11))
    await desk.sweep(SATURDAY, FB, PG, KO)
    await desk.trade(date(2010, 5, 11), FB=1.0)
    (fb,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "FB"]
    await desk.sweep(SATURDAY + WEEK, PG, KO)
    await desk.sweep(SATURDAY + WEEK, gone, active=False)
    assert (fb, "FB", True, None) in await desk.instruments()
    await desk.sweep(SATURDAY + 2 * WEEK, PG, KO)
    await desk.sweep(SATURDAY + 2 * WEEK, gone, active=False)
    assert (fb, "FB", False, date(2010, 5, 11)) in await desk.instruments()
    assert await desk.tenures(fb) == [("FB", None, date(2010, 5, 12))]
    assert await desk.traded() == [(fb, date(2010, 5, 11))]
    again = await desk.sweep(SATURDAY + 2 * WEEK, gone, active=False)
    assert (again.inserted, again.changed) == (0, 0)


async def test_a_sweep_that_was_cut_short_delists_nobody(desk: Desk) -> None:
    await desk.sweep(SATURDAY, *(ListedTicker(symbol=f"S{n}", figi=f"F{n}") for n in range(20)))
    for week in (1, 2, 3):
        await desk.sweep(SATURDAY + week * WEEK, ListedTicker(symbol="S0", figi="F0"))
    gone = [ListedTicker(symbol=f"S{n}", figi=f"F{n}", active=False, delisted_on=SATURDAY) for n in range(1, 20)]
    await desk.sweep(SATURDAY + 3 * WEEK, *gone, active=False)
    assert all(active for _, _, active, _ in await desk.instruments())


async def test_bars_of_the_next_holder_are_handed_on_when_the_last_day_becomes_known(desk: Desk) -> None:
    other = ListedTicker(symbol="FB", name="FutureBrand", type="CS", cik="0009999999", figi="BBG0NEW")
    await desk.sweep(SATURDAY, FB, PG, KO)
    (old,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "FB"]
    await desk.trade(date(2010, 5, 11), FB=1.0)
    await desk.trade(date(2010, 5, 13), FB=90.0)
    await desk.sweep(SATURDAY + WEEK, other, PG, KO)
    (new,) = [number for number, symbol, active, _ in await desk.instruments() if symbol == "FB" and active]
    assert new != old
    gone = ListedTicker(symbol="FB", figi=FB.figi, active=False, delisted_on=date(2010, 5, 11))
    await desk.sweep(SATURDAY + WEEK, gone, active=False)
    assert await desk.traded() == [(old, date(2010, 5, 11)), (new, date(2010, 5, 13))]
    assert await desk.tenures(new) == [("FB", date(2010, 5, 12), None)]
    await desk.trade(date(2010, 5, 10), FB=1.0)
    assert (old, date(2010, 5, 10)) in await desk.traded()


async def test_a_former_ticker_in_the_other_list_takes_the_bars_that_came_under_it(desk: Desk) -> None:
    await desk.trade(date(2010, 5, 3), FB=1.0)
    await desk.trade(date(2010, 5, 10), META=1.0)
    await desk.sweep(SATURDAY + WEEK, META, PG)
    former = ListedTicker(symbol="FB", figi=META.figi, active=False, delisted_on=date(2010, 5, 7))
    await desk.sweep(SATURDAY + WEEK, former, active=False)
    (meta,) = [number for number, symbol, *_ in await desk.instruments() if symbol == "META"]
    assert await desk.traded() == [(meta, date(2010, 5, 3)), (meta, date(2010, 5, 10))]
    assert await desk.tenures(meta) == [("FB", None, date(2010, 5, 8)), ("META", date(2010, 5, 8), None)]
    assert len(await desk.instruments()) == 2


async def test_what_cannot_be_told_is_held(desk: Desk) -> None:
    both = [
        ListedTicker(symbol="X", figi="F1", name="One", active=False),
        ListedTicker(symbol="X", figi="F2", name="Two", active=False),
    ]
    await desk.sweep(SATURDAY, *both, active=False)
    stored = await desk.trade(date(2010, 5, 10), X=1.0, PG=2.0)
    assert (stored.held, stored.inserted) == (1, 1)
    async with desk.database.transaction() as unit:
        action = ReportedAction(ref="X1", symbol="X", kind="dividend", ex_date=SATURDAY, cash_amount=1, currency="USD")  # type: ignore[arg-type]  # exact either way
        await desk.actions.store(unit, [action], fetched(dataset=Dataset.DIVIDENDS))
    held = await desk.rows("SELECT dataset, symbol, rule FROM quarantine ORDER BY dataset")
    assert held == [("bars_daily", "X", "ambiguous_symbol"), ("dividends", "X", "ambiguous_symbol")]
    assert await desk.rows("SELECT count(*) FROM corporate_actions") == [(0,)]


async def test_two_that_traded_on_one_day_are_never_united(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    await desk.trade(date(2010, 5, 12), FB=1.0, META=2.0)
    stored = await desk.sweep(SATURDAY + WEEK, META, PG, KO)
    assert stored.held == 1
    assert len(await desk.instruments()) == 4
    assert await desk.rows("SELECT symbol, rule FROM quarantine") == [("META", "ambiguous_rename")]


async def test_another_share_class_of_a_company_is_no_new_name(desk: Desk) -> None:
    a = ListedTicker(symbol="GOOGL", type="CS", cik="0001652044")
    c = ListedTicker(symbol="GOOG", type="CS", cik="0001652044")
    await desk.sweep(SATURDAY, a, PG)
    await desk.sweep(SATURDAY + WEEK, a, c, PG)
    assert len(await desk.instruments()) == 3


async def test_a_ticker_that_nobody_had_then_becomes_an_instrument_of_that_time(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    await desk.sweep(SATURDAY + WEEK, META, PG, KO)
    await desk.trade(date(2010, 4, 26), META=7.0)
    await desk.trade(date(2010, 4, 27), META=7.5)
    (new,) = [row for row in await desk.instruments() if row[1] == "META" and not row[2]]
    assert await desk.tenures(new[0]) == [("META", None, SATURDAY + timedelta(days=1))]
    assert await desk.traded() == [(new[0], date(2010, 4, 26)), (new[0], date(2010, 4, 27))]


async def test_facts_that_changed_are_kept_with_the_time_until_which_they_were_known(desk: Desk) -> None:
    await desk.sweep(SATURDAY, PG)
    await desk.sweep(SATURDAY + WEEK, ListedTicker(symbol="PG", name="P&G", figi=PG.figi))
    kept = await desk.rows("SELECT name, known_at, superseded_at FROM instrument_revisions")
    assert kept == [("Procter & Gamble", at(SATURDAY), at(SATURDAY + WEEK))]
    assert await desk.rows("SELECT name, changed_at, cik FROM instruments") == [("P&G", at(SATURDAY + WEEK), PG.cik)]


async def test_an_action_under_a_new_ticker_is_its_companys_once_the_lists_tell(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    [(facebook,)] = await desk.rows("SELECT id FROM instruments WHERE symbol = 'FB'")
    day = SATURDAY + timedelta(days=3)
    split = ReportedAction(
        ref="s1", symbol="META", kind="split", ex_date=day, split_from=Decimal(1), split_to=Decimal(2)
    )
    async with desk.database.transaction() as unit:
        made = await desk.actions.store(unit, [split], fetched(day, now=at(day), dataset=Dataset.SPLITS))
    assert made.instruments == 1
    await desk.sweep(SATURDAY + timedelta(days=7), msgspec.structs.replace(FB, symbol="META"), PG, KO)
    assert await desk.rows("SELECT instrument_id FROM corporate_actions") == [(facebook,)]
    assert await desk.rows("SELECT count(*) FROM instruments") == [(3,)]


async def test_bars_that_come_while_two_are_united_are_the_ones_that_stays(desk: Desk) -> None:
    await desk.sweep(SATURDAY, FB, PG, KO)
    [(facebook,)] = await desk.rows("SELECT id FROM instruments WHERE symbol = 'FB'")
    await desk.trade(SATURDAY + timedelta(days=2), META=1.0)
    following = SATURDAY + timedelta(days=7)
    renamed = msgspec.structs.replace(FB, symbol="META")
    source = fetched(following, now=at(following), dataset=Dataset.INSTRUMENTS)
    async with desk.database.transaction() as unit:
        await desk.lists.store(unit, [renamed, PG, KO], source, ListPage(on=following, active=True, last=True))
        trading = asyncio.create_task(desk.trade(following + timedelta(days=2), META=2.0))
        await asyncio.wait([trading], timeout=0.3)
        assert not trading.done(), "it waits for the sweep"
    await trading
    assert [number for number, _ in await desk.traded()] == [facebook, facebook]


async def test_bars_under_a_number_that_was_given_up_are_found_by_the_next_sweep(desk: Desk) -> None:
    renamed = msgspec.structs.replace(FB, symbol="META")
    await desk.sweep(SATURDAY, FB, PG, KO)
    await desk.trade(SATURDAY + timedelta(days=2), META=1.0)
    await desk.sweep(SATURDAY + timedelta(days=7), renamed, PG, KO)
    [(gone, stays)] = await desk.rows("SELECT gone_id, stays_id FROM instrument_unions")
    async with desk.database.transaction() as unit:
        await unit.execute("UPDATE bars_daily SET instrument_id = %s", [gone])
    assert [number for number, _ in await desk.traded()] == [gone]
    await desk.sweep(SATURDAY + timedelta(days=14), renamed, PG, KO)
    assert [number for number, _ in await desk.traded()] == [stays]
