"""Data quality and quarantine over the wire: what is told, who decides, and who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from app.bootstrap import House
from app.domain.datasets import Dataset
from app.domain.quality import check, take
from app.services.judge_bars import judge_bars
from app.services.judge_opinions import compare_opinions
from tests.api.conftest import client_of, settings_for
from tests.db.test_quarantine import overflowing
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep
from tests.fakes.market import DAY, fetched
from tests.fakes.panels import days, scaled, walk
from tests.services.test_judge_bars import daily

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
JUMP = days(60)[40]
REASON = {"reason": "the exchange shows the same"}


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API over sixty sessions with two jumps, and one row in quarantine."""
    settings = settings_for(database_url)
    async with House(settings, name="test") as house:
        panel = scaled(walk(60, 6, daily=0.01), slice(40, None), 3, 0.5)
        panel = scaled(panel, slice(41, None), 4, 0.5)
        sound, held = check(overflowing({"A": 10.0, "C": 4.0}))
        async with house.database.transaction() as unit:
            await house.bars_ingest.store(unit, daily(panel), fetched(days(60)[0]))
            await house.bars_ingest.store(unit, sound, fetched(held=held))
        clock = ManualClock(datetime(2010, 6, 1, tzinfo=UTC))
        await judge_bars(clock, house.bar_quality, FakeStep(house.database))
        differing = scaled(panel, slice(10, 11), 1, 0.9)
        async with house.database.transaction() as unit:
            alone = take(daily(differing), np.array([symbol == "S1" for symbol in daily(differing).symbols]))
            source = msgspec.structs.replace(fetched(dataset=Dataset.SYMBOL_BARS, settles=False), provider="second")
            await house.desk.symbol_bars.store(unit, alone, source)
        await compare_opinions(house.desk, house.bar_quality, FakeStep(house.database))
    async with client_of(settings) as client:
        yield client


async def read(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_dataset_is_told_of(api: httpx.AsyncClient) -> None:
    [bars] = [one for one in (await read(api, "/api/data-quality"))["items"] if one["dataset"] == "bars_daily"]
    assert (bars["held"], bars["flags"]) == ({"volume_overflow": 1}, {"jump": 2, "provider_difference": 1})
    text = (await api.get("/metrics")).text
    assert 'groat_data_flags_open{rule="jump"} 2.0' in text
    assert 'groat_quarantine_open{dataset="bars_daily",rule="volume_overflow"} 1.0' in text


async def test_bars_that_two_providers_tell_differently_are_told_number_by_number(api: httpx.AsyncClient) -> None:
    found = await read(api, "/api/disagreements", dataset="bars", symbols="S1")
    day = str(days(60)[10])
    assert [one["subject"] for one in found["items"]] == [f"{day} {name}" for name in ("close", "high", "low", "open")]
    assert [one["provider"] for one in found["items"][0]["opinions"]] == ["polygon", "second"]
    assert found["items"][0]["difference"] == pytest.approx(0.1)


async def test_flags_are_paged_and_narrowed(api: httpx.AsyncClient) -> None:
    first = await read(api, "/api/data-quality/flags", rule="jump", limit=1)
    rest = await read(api, "/api/data-quality/flags", rule="jump", limit=1, cursor=first["next"])
    assert [one["symbol"] for one in first["items"] + rest["items"]] == ["S4", "S3"]
    assert rest["next"] is None
    [flag] = (await read(api, "/api/data-quality/flags", symbols="S3,S9", rule="jump", state="open"))["items"]
    assert flag["session"] == str(JUMP)
    assert "looks like a 2-for-1 split" in flag["evidence"]["text"]
    day_after = str(JUMP + timedelta(days=1))
    for narrowed in ({"rule": "spike"}, {"state": "confirmed"}, {"until": str(JUMP)}, {"as_of": "2010-05-30"}):
        asked = {"symbols": "S3,S4", **narrowed}
        assert (await read(api, "/api/data-quality/flags", **asked))["items"] == []
    asked = {"symbols": "S3,S4", "from": day_after, "as_of": "2010-06-02"}
    assert len((await read(api, "/api/data-quality/flags", **asked))["items"]) == 1


async def test_the_calendar_is_bounded(api: httpx.AsyncClient) -> None:
    path = "/api/data-quality/calendar"
    assert await read(api, path, **{"from": "2010-05-03", "until": "2010-05-08"}) == {"items": []}
    answer = await api.get(path, params={"from": "2010-05-03", "until": "2010-05-03"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_held_row_is_shown_and_released_in_the_tokens_name(
    api: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    [held] = (await read(api, "/api/quarantine", dataset="bars_daily", rule="volume_overflow", symbol="C"))["items"]
    here = f"/api/quarantine/{held['id']}"
    assert await read(api, here) == held
    assert (await read(api, "/api/quarantine", provider="polygon"))["items"] == [held]
    assert (await read(api, "/api/quarantine", provider="finnhub"))["items"] == []
    assert (await api.post(f"{here}/release", json=REASON)).status_code == 401
    for _ in range(2):
        answer = await api.post(f"{here}/release", json=REASON, headers=bearer)
        assert answer.status_code == 200
        released = answer.json()
        assert (released["state"], released["decided_by"]) == ("released", "operator")
        assert released["reason"] == REASON["reason"]
    assert (await read(api, "/api/quarantine"))["items"] == []
    assert (await read(api, "/api/quarantine", state="all"))["items"] == [released]
    bars = await read(api, "/api/bars", symbols="C", **{"from": str(DAY)})
    assert bars["symbols"][0]["volume"] == [2147483600.0]
    answer = await api.post(f"{here}/reject", json=REASON, headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(("path", "body", "status"), [
    ("99/release", REASON, 404),
    ("1/release", {"reason": ""}, 400),
    ("1/reject", {"reason": "  "}, 422),
    ("1/reject", {"reason": "a\nb"}, 422),
    ("1/reject", {}, 400),
    ("1/reject", {**REASON, "by": "me"}, 400),
])  # fmt: skip
async def test_a_decision_that_cannot_be_made_is_refused(
    api: httpx.AsyncClient, bearer: dict[str, str], path: str, body: dict[str, str], status: int
) -> None:
    assert (await api.post(f"/api/quarantine/{path}", json=body, headers=bearer)).status_code == status
    assert len((await read(api, "/api/quarantine"))["items"]) == 1


async def test_bars_come_with_their_doubts_on_request(api: httpx.AsyncClient) -> None:
    question = {"symbols": "S3,S1", "from": str(days(60)[30]), "until": str(days(60)[50]), "adjusted": "none"}
    plain = await api.get("/api/bars", params=question)
    flagged = await api.get("/api/bars", params={**question, "flags": "true"})
    assert flagged.status_code == 200
    told = flagged.json()
    [flag] = told.pop("flags")
    assert told == plain.json()
    assert (flag["symbol"], flag["session"], flag["rule"]) == ("S3", str(JUMP), "jump")
    assert flagged.headers["etag"] != plain.headers["etag"]
    again = await api.get(
        "/api/bars", params={**question, "flags": "true"}, headers={"If-None-Match": flagged.headers["etag"]}
    )
    assert again.status_code == 304
    rows = await api.get(
        "/api/bars", params={**question, "flags": "true"}, headers={"Accept": "application/vnd.groat.rows+json"}
    )
    assert rows.json()["flags"] == [flag]
    answer = await api.get("/api/bars", params={**question, "flags": "true"}, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
