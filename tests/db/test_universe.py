"""The state of the plan as the database has it: tiers, ages, holes, failures, and whose turn it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.db.asks import AskStore
from app.db.quota_ledger import PostgresLedger
from app.db.universe import PlanningStore
from app.domain.datasets import Dataset
from app.domain.plan_breaker import judge
from app.domain.plan_wants import NEVER_US
from app.domain.quotas import Allowance, CallResult, Outcome, Permit, Window
from app.ports.stores import Asked
from tests.fakes.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Database

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NOW = datetime(2010, 5, 6, 20, tzinfo=UTC)
TODAY = NOW.date()
MOMENT_US = round(NOW.timestamp() * 1e6)
ALL = frozenset(Dataset)
INSTRUMENTS = """
INSERT INTO instruments (symbol, type, active, delisted_on, provider, known_at, changed_at) VALUES
  ('AA', 'CS', true, NULL, 'x', now(), now()), ('BB', NULL, true, NULL, 'x', now(), now()),
  ('CC', 'ETF', true, NULL, 'x', now(), now()), ('DD', 'ADRC', true, NULL, 'x', now(), now()),
  ('EE', 'CS', false, '2009-01-01', 'x', now(), now()), ('AA', 'CS', false, '2008-01-01', 'x', now(), now()),
  ('FF', 'ETF', true, NULL, 'x', now(), now())
"""
MEMBERS = """
INSERT INTO index_memberships (index, symbol, name, joined_on, left_on, instrument_id, linked_at, source, known_at)
SELECT 'sp500', symbol, symbol, '2000-01-03', CASE symbol WHEN 'BB' THEN date '2005-01-03' END, id, now(), 'x', now()
FROM instruments WHERE symbol IN ('BB', 'DD')
"""


@pytest.fixture
async def planning(database: Database) -> PlanningStore:
    async with database.connection() as unit:
        await unit.execute(INSTRUMENTS)
        await unit.execute(MEMBERS)
    return PlanningStore(database)


async def ask(
    database: Database, symbols: Sequence[str], found: Sequence[str], at: datetime, dataset: str = "news"
) -> None:
    async with database.transaction() as unit:
        asked = Asked(dataset=Dataset(dataset), provider="finnhub", symbols=symbols, found=found, at=at)
        await AskStore().record(unit, asked)


async def test_instruments_are_followed_by_tier_and_those_that_are_gone_or_no_company_are_not(
    planning: PlanningStore,
) -> None:
    universe = (await planning.followed(ALL, ["AA", "FF", "NOBODY"], TODAY)).universe
    tiers = dict(zip(universe.symbols, universe.tiers.tolist(), strict=True))
    assert tiers == {"AA": 0, "FF": 0, "DD": 1, "BB": 2}
    before = (await planning.followed(ALL, [], date(2004, 1, 5))).universe
    assert dict(zip(before.symbols, before.tiers.tolist(), strict=True)) == {"AA": 2, "BB": 1, "DD": 1}


async def test_an_empty_house_follows_nobody(database: Database) -> None:
    followed = await PlanningStore(database).followed(ALL, ["AA"], TODAY)
    assert (len(followed.universe), followed.answers) == (0, {})


async def test_answers_lie_beside_the_instruments(planning: PlanningStore, database: Database) -> None:
    await ask(database, ["AA", "DD"], ["AA"], NOW)
    await ask(database, ["DD"], [], NOW + timedelta(days=1))
    await ask(database, ["CC"], ["CC"], NOW)
    followed = await planning.followed({Dataset.NEWS}, [], TODAY)
    [(key, told)] = followed.answers.items()
    assert key == (Dataset.NEWS, "finnhub")
    place = followed.universe.symbols.index
    day_us = 86_400_000_000
    assert told.asked_us[place("AA")] == told.next_us[place("AA")] == MOMENT_US
    assert told.asked_us[place("BB")] == NEVER_US
    assert (told.misses[place("DD")], told.misses[place("AA")]) == (2, 0)
    assert told.next_us[place("DD")] == MOMENT_US + 3 * day_us
    assert (await planning.followed({Dataset.PROFILES}, [], TODAY)).answers == {}


async def test_who_lacks_a_settled_session_between_its_bars_has_a_hole(
    planning: PlanningStore, database: Database
) -> None:
    async with database.connection() as unit:
        await unit.execute(
            "INSERT INTO sessions (mic, session, open_at, close_at) SELECT 'XNYS', d, d + interval '14 hours', "
            "d + interval '20 hours' FROM unnest(ARRAY[date '2010-05-03', '2010-05-04', '2010-05-05']) d"
        )
        await unit.execute("INSERT INTO settled VALUES ('bars_daily', 0, '{[2010-05-03,2010-05-06)}')")
        await unit.execute(
            "INSERT INTO bars_daily SELECT i.id, d, 1, 1, 1, 1, 1, NULL, NULL, 'x', 1, now() FROM instruments i, "
            "unnest(ARRAY[date '2010-05-03', '2010-05-04', '2010-05-05']) d WHERE i.active AND ("
            "i.symbol = 'AA' OR (i.symbol = 'BB' AND d <> '2010-05-04') OR (i.symbol = 'CC' AND d > '2010-05-03') "
            "OR i.symbol = 'DD' AND d = '2010-05-03')"
        )
    universe = (await planning.followed(ALL, ["AA", "BB", "CC"], TODAY)).universe
    assert universe.holes is not None
    holes = dict(zip(universe.symbols, universe.holes.tolist(), strict=True))
    # CC was not there yet on the first day, and nobody watches DD.
    assert holes == {"AA": False, "BB": True, "CC": False, "DD": False}


async def test_failures_in_a_row_open_the_breaker_and_lost_calls_say_nothing(
    planning: PlanningStore, database: Database
) -> None:
    ledger = PostgresLedger(database, ManualClock())
    allowance = Allowance(id="k", provider="p", windows=(Window(max_calls=100, span_s=60),), hold_us=1)
    for outcome in [Outcome.OK, *[Outcome.SERVER_ERROR] * 5]:
        permit = await ledger.reserve(allowance, "test")
        assert isinstance(permit, Permit)
        await ledger.settle(permit, CallResult(outcome=outcome))
    await ledger.reserve(allowance, "lost")
    async with database.connection() as unit:
        await unit.execute("UPDATE provider_calls SET last_wall = now() - interval '1 minute' WHERE NOT settled")
    async with database.connection() as unit:
        await unit.execute(
            """INSERT INTO provider_calls
              (allowance, clock_id, at_us, last_us, at_wall, last_wall, settled, purpose, outcome)
            SELECT allowance, clock_id, at_us, last_us, at_wall, last_wall, true, 'told in a header', 'elsewhere'
            FROM provider_calls LIMIT 1"""
        )
    recent = await planning.recent(allowance)
    assert len(recent) == 7
    breaker = judge(recent)
    assert (breaker.state, breaker.failures, breaker.kind) == ("open", 5, Outcome.SERVER_ERROR)
    other = Allowance(id="l", provider="p", windows=allowance.windows, hold_us=1)
    assert await planning.recent(other) == []


async def test_what_open_runs_will_ask_is_counted_by_provider(planning: PlanningStore, database: Database) -> None:
    async with database.connection() as unit:
        await unit.execute("INSERT INTO pipelines (name, spec, next_due) VALUES ('p', '{}', now())")
        await unit.execute("INSERT INTO pipeline_runs (pipeline, win) VALUES ('p', 'a'), ('p', 'b')")
        await unit.execute(
            "INSERT INTO pipeline_steps (run_id, step, part, state, args) "
            "SELECT r.id, 'fetch', n::text, CASE WHEN n = 1 THEN 'done' ELSE 'ready' END, "
            "jsonb_build_object('provider', CASE WHEN n < 4 THEN 'finnhub' ELSE 'polygon' END) "
            "FROM pipeline_runs r, generate_series(1, 4) n WHERE r.win = 'a'"
        )
        [(older, newer)] = await (await unit.execute("SELECT min(id), max(id) FROM pipeline_runs")).fetchall()
    assert await planning.queued() == {"finnhub": 2, "polygon": 1}
    assert not await planning.is_newest("p", int(str(older)))
    assert await planning.is_newest("p", int(str(newer)))


async def test_a_question_is_known_to_be_asked_meanwhile(planning: PlanningStore, database: Database) -> None:
    await ask(database, ["AA", "BB"], ["AA"], NOW)
    before, after = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    assert await planning.asked_since(Dataset.NEWS, "finnhub", ["AA", "BB"], before)
    assert not await planning.asked_since(Dataset.NEWS, "finnhub", ["AA", "DD"], before)
    assert not await planning.asked_since(Dataset.NEWS, "finnhub", ["AA"], after)
    assert not await planning.asked_since(Dataset.NEWS, "newsapi", ["AA"], before)
    assert await planning.ever_answered(Dataset.NEWS, "finnhub")
    assert not await planning.ever_answered(Dataset.PROFILES, "finnhub")


async def test_one_plan_is_made_at_a_time(planning: PlanningStore) -> None:
    async with planning.turn() as first, planning.turn() as second:
        assert (first, second) == (True, False)
    async with planning.turn() as third:
        assert third
