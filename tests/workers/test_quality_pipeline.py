"""The real pipelines over the replay market: real splits that nobody told of are found, asked about and confirmed."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from app.calendars import read_sessions
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

# A Saturday: the week's last session is final, and nothing new comes while the test runs.
OPENING = datetime(2010, 6, 26, 12, 0, tzinfo=UTC)
FIRST = "2010-05-13"
FLAGS = """
SELECT symbol, session, state, evidence -> 'looks_like' ->> 'split_to', decision
FROM bar_flags f JOIN instruments i ON i.id = instrument_id WHERE rule = 'jump' ORDER BY session
"""


@pytest.fixture
def replay() -> Iterator[ReplayHandle]:
    with running_replay(speed=600.0, market_at=OPENING) as handle:
        yield handle


@pytest.fixture
def settings_for(database_url: str, queue_url: str, replay: ReplayHandle) -> Callable[..., Settings]:
    """A Groat on the replay's clock, with two providers."""
    return on_replay(replay, (database_url, queue_url), "polygon", "alpha_vantage", GROAT_POLYGON__HISTORY_FROM=FIRST)


@pytest.fixture(scope="module")
def calendar() -> list[Session]:
    return asyncio.run(read_sessions(US_EQUITIES, date(2009, 1, 1)))


async def report_of(market: Bench, run: int, step: str) -> dict[str, Any]:
    report = (await market.step(run, step)).report
    assert report is not None
    return {"done": report.done, "left": report.left, "notes": report.notes, **report.details}


async def test_splits_that_no_provider_told_of_are_found_and_confirmed(
    bench: Bench, calendar: list[Session], replay: ReplayHandle
) -> None:
    await bench.house.sessions.put(calendar, bench.house.clock.now())
    await bench.work(*(registry()[name] for name in ("daily_bars", "quality")))
    filled = await bench.start("daily_bars")
    assert (await bench.ended(filled, 90)).state is RunState.DONE
    run = await bench.start("quality")
    assert (await bench.ended(run, 90)).state is RunState.DONE
    found = await bench.sql(FLAGS)
    assert [(symbol, session, split_to) for symbol, session, _, split_to, _ in found] == [
        ("ESRX", date(2010, 6, 8), "2"),
        ("GIS", date(2010, 6, 9), "2"),
        ("DHR", date(2010, 6, 14), "2"),
    ]
    assert {(state, decision) for *_, state, _, decision in found} == {("confirmed", "alpha_vantage says the same")}
    assert (await report_of(bench, run, "judge"))["sessions"] == 31
    asked = (await report_of(bench, run, "ask"))["done"]
    assert 3 <= asked <= 6
    assert replay.audits()["alpha_vantage"].total == asked
    again = await bench.start("quality")
    assert (await bench.ended(again, 60)).state is RunState.DONE
    assert await bench.sql(FLAGS) == found
    assert replay.overruns() == []
