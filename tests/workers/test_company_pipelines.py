"""Companies and quotes with a real worker and the replay market: everybody is asked once, inside the plans."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.pipelines import RunState
from tests.fakes.fetching import session
from tests.stack.replay import running_replay
from tests.workers.market_settings import on_replay
from workers.pipelines import companies, quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.settings import Settings
    from tests.stack.replay import ReplayHandle
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.timeout(180)]

# A Thursday, two hours into the session.
MIDDAY = datetime(2010, 5, 6, 15, 30, tzinfo=UTC)
SYMBOLS = ["AAPL", "PG", "MSFT", "NOSUCHCO"]


@pytest.fixture
def replay() -> Iterator[ReplayHandle]:
    with running_replay(speed=60.0, market_at=MIDDAY) as handle:
        yield handle


@pytest.fixture
def settings_for(database_url: str, queue_url: str, replay: ReplayHandle) -> Callable[..., Settings]:
    """The settings of a Groat that has keys of Finnhub and Alpha Vantage, and two companies on its watchlist."""
    return on_replay(
        replay, (database_url, queue_url), "finnhub", "alpha_vantage", lease_s="5", GROAT_PLAN__WATCHLIST="AAPL,PG"
    )


@pytest.fixture
async def market(bench: Bench) -> Bench:
    await bench.house.sessions.put([session(MIDDAY.date())], bench.house.clock.now())
    await bench.sql(
        "INSERT INTO instruments (symbol, name, type, provider, known_at, changed_at) "
        "SELECT s, s, 'CS', 'test', now(), now() FROM unnest(%s::text[]) s",
        SYMBOLS,
    )
    return bench


async def test_companies_are_asked_about_once_and_a_later_run_takes_over(market: Bench, replay: ReplayHandle) -> None:
    await market.work(companies.PIPELINE)
    run = await market.start("companies")

    async def all_asked() -> bool:
        found = await market.sql("SELECT count(*) FROM asks WHERE dataset IN ('profiles', 'fundamentals')")
        # Two datasets of everybody by Finnhub, and Alpha Vantage's own word on the two that are watched.
        return found == [(2 * len(SYMBOLS) + 2,)]

    await market.until(all_asked, 60)
    assert (await market.sql("SELECT DISTINCT asks.misses FROM asks JOIN instruments i ON i.id = instrument_id "
                             "WHERE symbol = 'NOSUCHCO'")) == [(1,)]  # fmt: skip
    asked = {dialect: audit.total for dialect, audit in replay.audits().items()}
    assert asked["finnhub"] >= 2 * len(SYMBOLS) + 1
    later = await market.start("companies")

    async def is_over() -> bool:
        return (await market.step(later, "plan")).report is not None

    await market.until(is_over, 30)
    # Of the earlier run only its next round is left, which finds that it is not the newest any more.
    assert (await market.ended(run, 60)).state is RunState.DONE
    assert {dialect: audit.total for dialect, audit in replay.audits().items()} == asked
    assert replay.overruns() == []


async def test_quotes_of_the_watchlist_come_while_the_exchange_is_open(market: Bench, replay: ReplayHandle) -> None:
    await market.work(quotes.PIPELINE)
    run = await market.start("quotes")
    assert (await market.ended(run, 60)).state is RunState.DONE
    found = await market.sql(
        "SELECT i.symbol, c.class FROM asks a JOIN instruments i ON i.id = a.instrument_id, "
        "(SELECT DISTINCT class FROM provider_calls) c WHERE a.dataset = 'quotes' ORDER BY 1"
    )
    assert found == [("AAPL", "interactive"), ("PG", "interactive")]
    assert replay.overruns() == []
