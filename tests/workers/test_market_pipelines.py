"""The real pipelines, a real worker, the replay market: filled to the last session, within the quota, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from app.calendars import read_sessions
from app.domain.datasets import Dataset
from app.domain.pipelines import RunState
from app.domain.sessions import US_EQUITIES
from tests.stack.replay import running_replay
from tests.workers.market_settings import on_replay
from workers.pipelines import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.domain.sessions import Session
    from app.settings import Settings
    from tests.stack.replay import ReplayHandle
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.timeout(240)]

# Monday morning before the open: Friday's session is the newest.
OPENING = datetime(2010, 4, 26, 12, 0, tzinfo=UTC)
FIRST = "2010-04-01"
SESSIONS = 16
SOURCE = "SELECT count(*), count(DISTINCT session), min(session), max(session) FROM bars_daily"


@pytest.fixture
def speed(request: pytest.FixtureRequest) -> float:
    return float(getattr(request, "param", 600.0))


@pytest.fixture
def replay(speed: float) -> Iterator[ReplayHandle]:
    with running_replay(speed=speed, market_at=OPENING) as handle:
        yield handle


@pytest.fixture
def settings_for(database_url: str, queue_url: str, replay: ReplayHandle) -> Callable[..., Settings]:
    """The settings of a Groat that lives on the replay's clock."""
    return on_replay(replay, (database_url, queue_url), "polygon", GROAT_POLYGON__HISTORY_FROM=FIRST)


@pytest.fixture(scope="module")
def calendar() -> list[Session]:
    return asyncio.run(read_sessions(US_EQUITIES, date(2009, 1, 1)))


@pytest.fixture
async def market(bench: Bench, calendar: list[Session]) -> Bench:
    await bench.house.sessions.put(calendar, bench.house.clock.now())
    await bench.work(*registry().values())
    return bench


async def summary(market: Bench, run: int) -> dict[str, Any]:
    report = (await market.step(run, "publish")).report
    assert report is not None
    return report.details


async def test_a_market_is_filled_once_and_only_with_what_is_missing(market: Bench, replay: ReplayHandle) -> None:
    run = await market.start("daily_bars")
    assert (await market.ended(run, 90)).state is RunState.DONE
    (count, sessions, first, last), *_ = await market.sql(SOURCE)
    assert (sessions, first, last) == (SESSIONS, date(2010, 4, 1), date(2010, 4, 23))
    assert (await summary(market, run))["bars_daily"]["inserted"] == count
    # The source has rows whose prices contradict each other; they are held, with their evidence.
    (held,), *_ = await market.sql("SELECT count(*) FROM quarantine WHERE rule = 'ohlc_order'")
    assert isinstance(held, int)
    assert isinstance(count, int)
    assert (await summary(market, run))["bars_daily"]["held"] == held
    asked = replay.audit().total
    again = await market.start("daily_bars")
    assert (await market.ended(again, 30)).state is RunState.DONE
    assert replay.audit().total == asked == SESSIONS
    assert replay.peak() <= 5


async def test_a_forced_backfill_asks_again_and_changes_nothing(market: Bench, replay: ReplayHandle) -> None:
    window = {"from": "2010-04-19", "until": "2010-04-22"}
    run = await market.start("daily_bars", **window)
    await market.ended(run, 60)
    before = await market.sql("TABLE bars_daily"), await market.sql("TABLE watermarks")
    forced = await market.start("daily_bars", **window, force=True)
    assert (await market.ended(forced, 60)).state is RunState.DONE
    assert (await market.sql("TABLE bars_daily"), await market.sql("TABLE watermarks")) == before
    assert replay.audit().total == 6
    assert (await summary(market, forced))["bars_daily"]["inserted"] == 0


async def test_reference_data_come_page_by_page(market: Bench, replay: ReplayHandle) -> None:
    run = await market.start("reference")
    assert (await market.ended(run, 90)).state is RunState.DONE
    (listed,), *_ = await market.sql("SELECT count(*) FROM instruments WHERE name IS NOT NULL")
    pages = await market.sql(
        "SELECT subject, row_count FROM fetches"
        " WHERE dataset = 'instruments' AND NOT starts_with(subject, 'inactive') ORDER BY id"
    )
    assert isinstance(listed, int)
    assert listed > 1000 * (len(pages) - 1) > 0
    assert {dataset for dataset in Dataset if await market.house.coverage.settled(dataset)} == {
        Dataset.INSTRUMENTS,
        Dataset.SPLITS,
        Dataset.DIVIDENDS,
    }
    assert replay.peak() <= 5


async def test_members_of_indices_are_read_up_to_the_markets_day(market: Bench) -> None:
    run = await market.start("memberships")
    assert (await market.ended(run)).state is RunState.DONE
    today = market.house.clock.now().date()
    latest = "SELECT count(*), max(greatest(joined_on, left_on)) FROM index_memberships"
    (count, last), *_ = await market.sql(latest)
    assert isinstance(count, int)
    assert isinstance(last, date)
    assert count > 700
    assert last <= today
    again = await market.start("memberships")
    assert (await market.ended(again)).state is RunState.DONE
    assert await market.sql("SELECT count(*) FROM index_memberships WHERE superseded_at IS NOT NULL") == [(0,)]


async def test_the_calendar_is_left_alone_while_it_goes_far_enough(market: Bench) -> None:
    run = await market.start("calendar")
    assert (await market.ended(run)).state is RunState.DONE
    report = (await market.step(run, "refresh")).report
    assert report is not None
    assert report.skipped == {"far enough ahead": 1}


@pytest.mark.slow
@pytest.mark.parametrize("speed", [1.0], indirect=True)
async def test_at_the_speed_of_the_wall_the_sixth_call_waits_for_its_minute(
    market: Bench, replay: ReplayHandle
) -> None:
    run = await market.start("daily_bars", **{"from": "2010-04-14", "until": "2010-04-24"})
    assert (await market.ended(run, 150)).state is RunState.DONE
    assert (replay.audit().total, replay.peak()) == (8, 5)
    assert set(replay.audit().outcomes) == {"ok"}
