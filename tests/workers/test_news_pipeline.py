"""The pipeline of news, a real worker, the replay market: the same story by two providers and addresses is one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.pipelines import RunState
from tests.stack.replay import running_replay
from tests.workers.market_settings import on_replay
from workers.pipelines import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.settings import Settings
    from tests.stack.replay import ReplayHandle
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.timeout(240)]

OPENING = datetime(2010, 4, 26, 12, 0, tzinfo=UTC)
# Movers of April, and one of whom there is no news.
COMPANIES = {
    "ZION": "Zions Bancorp",
    "HBAN": "Huntington Bancshares",
    "SNDK": "SanDisk Corporation",
    "XRX": "Xerox Corp.",
    "LEN": "Lennar Corp.",
    "RF": "Regions Financial Corp.",
    "KO": "Coca-Cola Co.",
}


@pytest.fixture
def replay() -> Iterator[ReplayHandle]:
    with running_replay(speed=1_800.0, market_at=OPENING) as handle:
        yield handle


@pytest.fixture
def settings_for(database_url: str, queue_url: str, replay: ReplayHandle) -> Callable[..., Settings]:
    """A Groat on the replay's clock, with two providers of news."""
    return on_replay(replay, (database_url, queue_url), "newsapi", "finnhub")


async def test_news_come_once_and_are_tied_to_companies(bench: Bench, replay: ReplayHandle) -> None:
    for symbol, name in COMPANIES.items():
        await bench.sql(
            "INSERT INTO instruments (symbol, name, type, provider, known_at, changed_at)"
            " VALUES (%s, %s, 'CS', 'test', '2010-01-01', '2010-01-01')",
            symbol,
            name,
        )
    await bench.work(*registry().values())
    run = await bench.start("news")
    assert (await bench.ended(run, 120)).state is RunState.DONE
    asked = await bench.sql("SELECT provider, count(*) FROM asks WHERE misses = 0 GROUP BY 1 ORDER BY 1")
    assert asked == [("finnhub", len(COMPANIES)), ("newsapi", len(COMPANIES))]
    (articles, titles), *_ = await bench.sql("SELECT count(*), count(DISTINCT title_key) FROM articles")
    (sightings, providers), *_ = await bench.sql("SELECT count(*), count(DISTINCT provider) FROM article_sightings")
    assert articles == titles
    assert isinstance(sightings, int)
    assert isinstance(articles, int)
    assert sightings > articles > 10
    assert providers == 2
    tied = await bench.sql("SELECT basis, provider, count(*) > 0 FROM article_instruments GROUP BY 1, 2 ORDER BY 1, 2")
    assert tied == [("provider", "finnhub", True), ("text", "newsapi", True)]
    held = await bench.sql("SELECT rule, count(*) FROM quarantine GROUP BY 1")
    assert held == []
    assert replay.overruns() == []
