"""No read of instruments or of members of an index tells, as of a time, anything that became known after it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.db.engine import Database
from app.db.index_memberships import IndexMembershipStore, Indices
from app.db.instruments_past import PastInstruments
from app.db.lanes import Lanes
from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.index_memberships import IndexHistory, Membership
from app.ports.providers import ListedTicker
from app.ports.reads import InstrumentQuery
from app.services.read_instruments import InstrumentRequest, read_story
from app.services.refresh_memberships import refresh_memberships
from app.settings import DatabaseSettings
from tests.db.test_instruments_over_time import SATURDAY, WEEK, Desk, at
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

TICKERS = ["AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH"]
WEEKS = 6


class World:
    """Companies that change their names and tickers, go, and come; and what a provider tells of them each week."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.companies = [
            ListedTicker(symbol=ticker, name=f"{ticker} Inc.", type="CS", cik=f"{n:010}", figi=f"BBG{n:09}")
            for n, ticker in enumerate(TICKERS[:5])
        ]
        self.gone: list[ListedTicker] = []

    def happen(self, day: date) -> None:
        """Let one thing happen to one company."""
        place = self.chance.randrange(len(self.companies))
        one = self.companies[place]
        free = [ticker for ticker in TICKERS if ticker not in {each.symbol for each in self.companies}]
        match self.chance.choice(["rename", "rename", "name", "leave", "come"]):
            case "rename" if free:
                self.companies[place] = msgspec.structs.replace(one, symbol=self.chance.choice(free))
            case "name":
                self.companies[place] = msgspec.structs.replace(one, name=f"{one.name} {day}")
            case "leave" if len(self.companies) > 3:
                self.companies.pop(place)
                self.gone.append(msgspec.structs.replace(one, active=False, delisted_on=day))
            case "come" if free:
                number = 100 + self.chance.randrange(800)
                self.companies.append(
                    ListedTicker(
                        symbol=free[0], name=f"New {number}", type="CS", cik=f"{number:010}", figi=f"BBG{number:09}"
                    )
                )
            case _:
                return


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[tuple[Database, Lanes]]:
    settings = DatabaseSettings(url=database_url, pool_max=4)
    database, lanes = Database(settings, name="test"), Lanes(settings, name="test")
    await database.open()
    yield database, lanes
    await lanes.close()
    await database.close()


async def everything(lanes: Lanes, day: date, as_of: datetime, *, by_bars: bool) -> dict[str, Any]:
    """Return every answer as of a time."""
    past = PastInstruments(lanes)
    query = InstrumentQuery(after=None, limit=100, as_of=as_of)
    told: dict[str, Any] = {"list": await past.listed(query)}
    if by_bars:
        then = msgspec.structs.replace(query, listed_on=day)
        told["listed"] = await past.listed(then), await past.undated(then)
    for ticker in TICKERS:
        for on in (None, day, day - 2 * WEEK):
            try:
                told[f"{ticker} {on}"] = await read_story(past, InstrumentRequest(symbol=ticker, on=on, as_of=as_of))
            except (UnknownSubjectError, InvalidRequestError) as e:
                told[f"{ticker} {on}"] = str(e)
    indices = Indices(lanes)
    told["indices"] = await indices.summaries(day, as_of)
    told["members"] = await indices.members("dow30", day, as_of)
    return {name: msgspec.json.encode(answer) for name, answer in told.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("early", [False, True], ids=["lists first", "bars first"])
async def test_what_became_known_later_changes_no_earlier_answer(
    house: tuple[Database, Lanes], seed: int, *, early: bool
) -> None:
    """With bars first, tickers are united with companies afterwards: their bars then lie under another number.

    Which number that is is no fact of the market, so what bars alone tell is only asked where lists come first.
    """
    database, lanes = house
    world, desk = World(seed), Desk(database)
    members = [Membership(index="dow30", symbol=ticker, name=ticker, joined_on=SATURDAY) for ticker in TICKERS]
    answers: dict[date, dict[str, Any]] = {}

    async def read() -> IndexHistory:
        left = SATURDAY + world.chance.randrange(1, 6) * WEEK
        changed = msgspec.structs.replace(members[0], left_on=left)
        return IndexHistory(source=f"test {left}", memberships=[changed, *members[1:]], changes=[])

    for week in range(WEEKS):
        day = SATURDAY + week * WEEK
        for _ in range(2 if week else 0):
            world.happen(day - timedelta(days=3))
        trading = [desk.trade(day - timedelta(days=1), **{each.symbol: 1.0 for each in world.companies})]
        sweeps = [desk.sweep(day, *world.companies), desk.sweep(day, *world.gone, active=False)]
        for work in [*trading, *sweeps] if early else [*sweeps, *trading]:
            await work
        clock = ManualClock(at(day) + timedelta(hours=1))
        await refresh_memberships(FakeStep(database), IndexMembershipStore(), read, clock)
        answers[day] = await everything(lanes, day, at(day) + timedelta(hours=2), by_bars=not early)
    assert len({answer["list"] for answer in answers.values()}) > 1, "something happened"
    for day, told in answers.items():
        again = await everything(lanes, day, at(day) + timedelta(hours=2), by_bars=not early)
        assert again == told, day
