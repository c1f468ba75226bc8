"""The plan over HTTP: calls with reasons, what waits, each provider's load, and the simulation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.api.conftest import client_of, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
PLAN = "/api/providers/plan"
COUNT = 40


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API with a key of Finnhub, forty companies of which nothing is known, and one of them on the watchlist."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO instruments (symbol, type, provider, known_at, changed_at) "
            "SELECT 'S' || n, 'CS', 'test', now(), now() FROM generate_series(1, %s) n",
            [COUNT],
        )
    keys = {"FINNHUB_API_KEY": "not-a-real-finnhub-key", "GROAT_PLAN__WATCHLIST": "S7"}
    async with client_of(settings_for(database_url, **keys)) as client:
        yield client


async def test_the_plan_says_what_is_asked_when_and_why(api: httpx.AsyncClient) -> None:
    plan = (await api.get(PLAN, params={"limit": 5})).json()
    assert len(plan["calls"]) == 5
    # News, fundamentals and profiles of everybody, and one sweep of reports.
    assert plan["calls_total"] == 3 * COUNT + 1
    assert plan["calls"][0]["dataset"] == "earnings"
    of_watchlist = plan["calls"][1]
    assert (of_watchlist["subject"], of_watchlist["lateness"]) == ("S7", 6.0)
    assert of_watchlist["reason"] == "news of S7: never had, for the watchlist"
    [load] = plan["loads"]
    assert load["provider"] == "finnhub"
    assert load["allowed_per_day"] == 43_200
    assert 0 < load["share"] < 1
    assert any("POLYGON_API_KEY" in gap["reason"] for gap in plan["deferred"])
    assert "not-a-real-finnhub-key" not in str(plan)


async def test_more_symbols_finish_at_a_time_that_the_simulation_tells(
    api: httpx.AsyncClient, database_url: str
) -> None:
    answer = (await api.get(f"{PLAN}/simulation", params={"add_symbols": 300, "tier": "index"})).json()
    simulated = answer["simulated"]
    took = datetime.fromisoformat(simulated["finished"]) - datetime.fromisoformat(
        (await api.get(PLAN)).json()["made_at"]
    )
    # Some 1,020 calls at thirty a minute, and what the companies that were there want in the meantime.
    assert 30 < took.total_seconds() / 60 < 90
    assert "adding 300 symbols to the tier index finishes" in answer["text"]
    assert {each["dataset"] for each in simulated["filled"]} == {"fundamentals", "news", "profiles"}
    assert all(each["left"] == 0 for each in simulated["filled"])
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM provider_calls").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM instruments").fetchone() == (COUNT,)


async def test_calls_in_vain_take_their_time(api: httpx.AsyncClient) -> None:
    scenario: dict[str, str | float] = {"add_symbols": 300, "tier": "index"}
    calm = (await api.get(f"{PLAN}/simulation", params=scenario)).json()
    rough = (await api.get(f"{PLAN}/simulation", params={**scenario, "failures": 0.5})).json()
    assert rough["text"].startswith("adding 300 symbols to the tier index, with 50% of calls in vain, finishes")
    assert sum(rough["simulated"]["calls"].values()) > 1.5 * sum(calm["simulated"]["calls"].values())
    assert rough["simulated"]["finished"] > calm["simulated"]["finished"]


@pytest.mark.parametrize("wrong", [{"tier": "best"}, {"add_symbols": 5_001}, {"days": 8}, {"days": 0}, {"failures": 1}])
async def test_wrong_scenarios_are_refused(api: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    assert (await api.get(f"{PLAN}/simulation", params=wrong)).status_code == 400
