from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from app.bootstrap import House
from app.domain.datasets import Dataset
from app.domain.fetch_plan import Refusal
from app.domain.quotas import CallResult, Outcome, Permit
from tests.api.conftest import client_of, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
HERE = "/api/providers"
POLYGON_KEY = "not-a-real-polygon-key"


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API after three calls to Polygon: one good, one refused, one under way."""
    settings = settings_for(database_url, POLYGON_API_KEY=POLYGON_KEY)
    async with House(settings, name="test") as house:
        allowance = house.providers.get("polygon").allowance
        for result in (CallResult(outcome=Outcome.OK, status=200, reply_bytes=9, duration_ms=1.5), None):
            permit = await house.ledger.reserve(allowance, "daily 2010-04-26")
            assert isinstance(permit, Permit)
            if result:
                await house.ledger.settle(permit, result)
    async with client_of(settings) as client:
        yield client


async def test_a_provider_shows_what_is_used_and_the_next_slot(api: httpx.AsyncClient) -> None:
    [shown] = (await api.get(HERE)).json()["items"]
    assert (await api.get(f"{HERE}/polygon")).json().keys() == shown.keys()
    assert shown["name"] == "polygon"
    [window] = shown["windows"]
    assert (window["max_calls"], window["span_s"], window["resting"]) == (5, 60.0, 2)
    assert len(window["leaves"]) == 2
    assert window["leaves"] == sorted(window["leaves"])
    assert window["leaves"][0] > window["next_free"]
    assert shown["breaker"] == {"state": "closed", "wait_s": 0.0, "failures": 0, "reason": None}
    assert shown["calls_last_day"] == {"ok": 1, "in_flight": 1}
    assert shown["blocked_until"] is None
    bars = shown["abilities"][0]
    assert (bars["dataset"], bars["history_days"], bars["companies"], bars["rank"]) == ("bars_daily", 729, 0, 1)
    assert bars["refusal"] is None


async def test_who_is_asked_first_and_what_was_refused_is_shown(database_url: str) -> None:
    keys = {"POLYGON_API_KEY": "a", "FINNHUB_API_KEY": "b", "ALPHA_VANTAGE_API_KEY": "c", "NEWS_API_KEY": "d"}
    settings = settings_for(database_url, **keys)
    async with House(settings, name="test") as house:
        now = house.clock.now()
        refusal = Refusal(dataset=Dataset.QUOTES, reason="no access", ask_again=now + timedelta(days=7))
        allowance = house.providers.get("finnhub").allowance
        await house.ledger.reserve(allowance, "quotes PG")
        async with house.database.transaction() as unit:
            await house.coverage.refuse(unit, allowance, refusal, now)
    async with client_of(settings) as client:
        items = (await client.get(HERE)).json()["items"]
    shown = {one["name"]: {ability["dataset"]: ability for ability in one["abilities"]} for one in items}
    news = sorted(shown, key=lambda name: shown[name]["news"]["rank"])
    assert news == ["newsapi", "finnhub", "polygon", "alpha_vantage"]
    assert (shown["newsapi"]["news"]["companies"], shown["newsapi"]["news"]["embargo_s"]) == (20, 86_400)
    assert shown["finnhub"]["quotes"]["refusal"]["reason"] == "no access"
    assert shown["alpha_vantage"]["quotes"]["refusal"] is None


async def test_a_spent_allowance_names_its_next_slot(api: httpx.AsyncClient, database_url: str) -> None:
    async with House(settings_for(database_url, POLYGON_API_KEY=POLYGON_KEY), name="test") as house:
        for _ in range(3):
            await house.ledger.reserve(house.providers.get("polygon").allowance, "daily")
        await house.ledger.block(house.providers.get("polygon").allowance, 3_600_000_000, "Too many calls.")
    shown = (await api.get(f"{HERE}/polygon")).json()
    assert shown["windows"][0]["resting"] == 5
    assert shown["next_free"] >= shown["windows"][0]["next_free"]
    assert shown["blocked_why"] == "Too many calls."


async def test_a_provider_that_fails_shows_its_open_breaker(api: httpx.AsyncClient, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO provider_calls (allowance, clock_id, at_us, last_us, at_wall, last_wall, purpose, settled, "
            "outcome) SELECT a.id, 'c', 1, 1, now(), now(), 'bars_daily', true, 'server_error' "
            "FROM allowances a, generate_series(1, 5)"
        )
    breaker = (await api.get(f"{HERE}/polygon")).json()["breaker"]
    assert (breaker["state"], breaker["failures"]) == ("open", 5)
    assert 0 < breaker["wait_s"] <= 60
    assert breaker["reason"] == "its last 5 calls failed (server_error)"


async def test_calls_are_paged_and_hold_no_key(api: httpx.AsyncClient) -> None:
    first = await api.get(f"{HERE}/polygon/calls", params={"limit": 1})
    rest = await api.get(f"{HERE}/polygon/calls", params={"limit": 1, "cursor": first.json()["next"]})
    assert [call["outcome"] for call in first.json()["items"] + rest.json()["items"]] == [None, "ok"]
    assert rest.json()["next"] is None
    for answer in (first, rest, await api.get(HERE)):
        assert POLYGON_KEY not in answer.text


async def test_a_provider_without_a_key_is_not_there(api: httpx.AsyncClient) -> None:
    assert (await api.get(f"{HERE}/finnhub")).status_code == 404
    assert (await api.get(f"{HERE}/finnhub/calls")).status_code == 404
