"""What is told of a company, from the replay market's wire to the API: every dataset and provider that can be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.bootstrap import House
from app.domain.datasets import Dataset
from app.services.fetch_run import fetch_part
from app.services.refresh_sessions import refresh_sessions
from app.settings import load
from tests.db.market import Market
from tests.fakes.fetching import FakeStep
from tests.stack.replay import running_replay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.stack.replay import ReplayHandle

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.timeout(180)]

OPENING = datetime(2010, 4, 26, 12, 0, tzinfo=UTC)
CALLS = [
    ("finnhub", Dataset.PROFILES),
    ("finnhub", Dataset.FUNDAMENTALS),
    ("finnhub", Dataset.QUOTES),
    ("alpha_vantage", Dataset.PROFILES),
    ("alpha_vantage", Dataset.SYMBOL_BARS),
    ("polygon", Dataset.SYMBOL_BARS),
]


@pytest.fixture
def replay() -> Iterator[ReplayHandle]:
    with running_replay(speed=60.0, market_at=OPENING) as handle:
        yield handle


@pytest.fixture
async def house(database_url: str, replay: ReplayHandle) -> AsyncIterator[House]:
    market = Market(database_url)
    for symbol in ("PG", "ZZZZ"):
        market.instrument(symbol)
    market.close()
    timeline = replay.clock.timeline  # type: ignore[attr-defined]  # it is a ReplayClock
    providers = ("polygon", "finnhub", "alpha_vantage")
    settings = load({
        "DATABASE_URL": database_url,
        **{f"{name.upper()}_API_KEY": replay.key for name in providers},
        **{f"GROAT_{name.upper()}__URL": replay.url for name in providers},
        "GROAT_POLYGON__HISTORY_FROM": "2009-08-21",
        "GROAT_CLOCK__MODE": "replay",
        "GROAT_CLOCK__SPEED": str(timeline.speed),
        "GROAT_CLOCK__MARKET_AT": timeline.market_at.isoformat(),
        "GROAT_CLOCK__ANCHOR_BOOT_US": str(timeline.anchor_boot_us),
        "GROAT_CLOCK__RUN": replay.clock.clock_id.removeprefix("replay:"),
    })  # fmt: skip
    async with House(settings, name="test") as house:
        await refresh_sessions(house.sessions, house.read_sessions, house.clock.now())
        yield house


async def fetch(house: House, provider: str, dataset: Dataset, subject: str) -> FakeStep:
    on = house.desk.today().isoformat()
    step = FakeStep(house.database, {"provider": provider, "dataset": dataset, "subject": subject, "on": on})
    await fetch_part(house.desk, step)
    assert step.report is not None
    return step


@pytest.mark.parametrize(("provider", "dataset"), CALLS)
async def test_what_a_provider_tells_is_stored_whole(
    house: House, replay: ReplayHandle, provider: str, dataset: Dataset
) -> None:
    report = (await fetch(house, provider, dataset, "PG")).report
    assert report is not None
    assert report.done > 0
    assert "held" not in report.skipped, report
    missed = (await fetch(house, provider, dataset, "ZZZZ")).report
    assert missed is not None
    assert missed.done == 0
    async with house.database.connection() as connection:
        rows = await (await connection.execute("SELECT misses FROM asks ORDER BY instrument_id")).fetchall()
        held = await (await connection.execute("SELECT count(*) FROM quarantine")).fetchall()
    assert rows == [(0,), (1,)]
    assert held == [(0,)]
    assert replay.overruns() == []


async def test_reports_of_the_market_come_in_one_call(house: House) -> None:
    step = await fetch(house, "finnhub", Dataset.EARNINGS, "2010-04-12..2010-05-10")
    assert step.report is not None
    assert "held" not in step.report.skipped, step.report
    settled = await house.coverage.settled(Dataset.EARNINGS)
    assert settled[-1].end > house.desk.today()
