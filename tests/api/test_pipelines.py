from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from app.bootstrap import House
from app.domain.pipelines import PipelineSpec, StepSpec
from tests.api.conftest import client_of, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
HERE = "/api/pipelines"
SPEC = PipelineSpec(
    name="demo",
    summary="Shows the way.",
    cron="0 17 * * 1-5",
    steps=(StepSpec(name="plan", summary=""), StepSpec(name="merge", summary="", needs=("plan",))),
)


@pytest.fixture
async def api(database_url: str, bearer: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a database in which one pipeline is declared; the operator is asking."""
    async with House(settings_for(database_url), name="test") as house:
        await house.spine.schedule.declare([SPEC], datetime(2010, 4, 26, tzinfo=UTC))
    async with client_of(settings_for(database_url)) as client:
        client.headers.update(bearer)
        yield client


async def test_a_window_is_started_once(api: httpx.AsyncClient) -> None:
    first = await api.post(f"{HERE}/demo/runs", json={"window": "by-hand", "args": {"n": 1, "text": "x"}})
    again = await api.post(f"{HERE}/demo/runs", json={"window": "by-hand", "args": {"n": 2}})
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.json()["args"] == {"n": 1, "text": "x"}
    assert (await api.get(first.headers["location"])).json() == again.json()


async def test_what_is_declared_is_shown(api: httpx.AsyncClient) -> None:
    listed = (await api.get(HERE)).json()["items"]
    assert [each["spec"]["name"] for each in listed] == ["demo"]
    shown = await api.get(f"{HERE}/demo")
    assert shown.json() == listed[0]
    missing = await api.get(f"{HERE}/absent")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_runs_are_paged_without_gaps_or_repeats(api: httpx.AsyncClient) -> None:
    started = [(await api.post(f"{HERE}/demo/runs", json={"window": f"w{n}"})).json()["id"] for n in range(5)]
    found: list[int] = []
    more: dict[str, str] = {}
    for _ in range(3):
        page = (await api.get(f"{HERE}/demo/runs", params={"limit": "2", **more})).json()
        more = {"cursor": page["next"]}
        found += [run["id"] for run in page["items"]]
    assert found == sorted(started, reverse=True)
    assert page["next"] is None


async def test_the_runs_of_all_pipelines_are_listed_in_one_answer(api: httpx.AsyncClient, database_url: str) -> None:
    started = [(await api.post(f"{HERE}/demo/runs", json={"window": f"w{n}"})).json()["id"] for n in range(3)]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE pipeline_runs SET state = 'done', created_at = now() - interval '3 h', "
            "ended_at = now() - interval '2 h' WHERE id = %s",
            [started[0]],
        )
    everything = (await api.get(f"{HERE}/runs")).json()
    assert [run["id"] for run in everything["items"]] == started[::-1]
    within = (await api.get(f"{HERE}/runs", params={"within_s": 3_600})).json()["items"]
    assert [run["id"] for run in within] == [started[2], started[1]]
    page = (await api.get(f"{HERE}/runs", params={"limit": 2})).json()
    rest = (await api.get(f"{HERE}/runs", params={"limit": 2, "cursor": page["next"]})).json()
    assert [run["id"] for run in rest["items"]] == started[:1]
    assert (await api.get(f"{HERE}/runs", params={"within_s": 0})).status_code == 400


async def test_a_step_names_the_call_that_it_made(api: httpx.AsyncClient, database_url: str) -> None:
    run = (await api.post(f"{HERE}/demo/runs", json={"window": "w"})).json()["id"]
    args = '{"provider": "polygon", "dataset": "bars_daily", "subject": "2010-04-23"}'
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO allowances (id, provider, hold_us) VALUES ('a', 'polygon', 1)")
        connection.execute(
            "UPDATE pipeline_steps SET state = 'done', args = %s, started_at = now() - interval '10 s', "
            "ended_at = now() - interval '5 s' WHERE step = 'plan'",
            [args],
        )
        # Before the step began, about another session, its own, and after it ended.
        for ago, purpose in ((11, "2010-04-23"), (8, "2010-04-22"), (7, "2010-04-23"), (2, "2010-04-23")):
            connection.execute(
                "INSERT INTO provider_calls (allowance, clock_id, at_us, last_us, at_wall, last_wall, purpose, "
                "settled, outcome, duration_ms) SELECT 'a', 'c', 1, 1, w, w, %s, true, 'ok', %s "
                "FROM (SELECT now() - make_interval(secs => %s) AS w) w",
                [f"bars_daily {purpose}", float(ago), ago],
            )
    merge, plan = (await api.get(f"{HERE}/runs/{run}/steps")).json()["items"]
    assert merge["call"] is None
    assert (plan["call"]["provider"], plan["call"]["outcome"], plan["call"]["duration_ms"]) == ("polygon", "ok", 7.0)
    assert plan["started_at"] < plan["call"]["at"] < plan["ended_at"]


async def test_steps_are_paged_and_chosen_by_state(api: httpx.AsyncClient) -> None:
    run = (await api.post(f"{HERE}/demo/runs", json={"window": "w"})).json()["id"]
    steps = f"{HERE}/runs/{run}/steps"
    first = (await api.get(steps, params={"limit": 1})).json()
    second = (await api.get(steps, params={"limit": 1, "cursor": first["next"]})).json()
    assert [first["items"][0]["step"], second["items"][0]["step"]] == ["merge", "plan"]
    assert second["next"] is None
    ready = (await api.get(steps, params={"state": "ready"})).json()["items"]
    assert [step["step"] for step in ready] == ["plan"]
    assert (await api.get(steps, params={"state": "asleep"})).status_code == 400
    assert (await api.get(f"{HERE}/runs/999/steps", params={"state": "done"})).status_code == 404


async def test_a_backfill_names_its_span_and_force_makes_another(api: httpx.AsyncClient) -> None:
    span = {"from": "2010-01-04", "until": "2010-02-01"}
    first = await api.post(f"{HERE}/demo/backfill", json=span)
    again = await api.post(f"{HERE}/demo/backfill", json=span)
    forced = await api.post(f"{HERE}/demo/backfill", json={**span, "force": True})
    assert [first.status_code, again.status_code, forced.status_code] == [202, 200, 202]
    assert first.json()["window"] == "backfill:2010-01-04..2010-02-01"
    assert forced.json()["args"] == {**span, "force": True}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": "2010-02-01", "until": "2010-02-01"}, 422),
        ({"from": "1969-12-31", "until": "2010-02-01"}, 422),
        ({"from": "2010-02-01", "until": "9999-01-01"}, 422),
        ({"from": "2010-02-30", "until": "2010-03-01"}, 400),
        ({"from": "2010-02-01"}, 400),
        ({"from": "2010-02-01", "until": "2010-03-01", "froce": True}, 400),
    ],
)
async def test_a_backfill_that_cannot_be_is_refused(
    api: httpx.AsyncClient, body: dict[str, object], status: int
) -> None:
    answer = await api.post(f"{HERE}/demo/backfill", json=body)
    assert answer.status_code == status
    assert (await api.get(f"{HERE}/demo/runs")).json()["items"] == []


async def test_a_pause_is_kept_until_resumed(api: httpx.AsyncClient) -> None:
    assert (await api.post(f"{HERE}/demo/pause")).json()["paused"] is True
    assert (await api.post(f"{HERE}/demo/pause")).json()["paused"] is True
    assert (await api.post(f"{HERE}/demo/resume")).json()["paused"] is False
    assert (await api.post(f"{HERE}/absent/pause")).status_code == 404


async def test_a_run_with_nothing_dead_has_nothing_to_retry(api: httpx.AsyncClient) -> None:
    run = (await api.post(f"{HERE}/demo/runs", json={"window": "w"})).json()["id"]
    assert (await api.post(f"{HERE}/runs/{run}/retry")).json() == {"retried": 0}


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"window": "a\\u0000b"}', "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"window": "w"}', "text/plain", 415),
        (b'{"window": "w"}', "application/x-www-form-urlencoded", 415),
        (b'{"window": "' + b"w" * 1_100_000 + b'"}', "application/json", 413),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"null", "application/json", 400),
    ],
)
async def test_bodies_that_are_none_are_refused(api: httpx.AsyncClient, content: bytes, kind: str, status: int) -> None:
    answer = await api.post(f"{HERE}/demo/runs", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJcdTAwMDAiXQ", "bnVsbA", "W" * 511])
async def test_a_cursor_that_was_not_given_out_is_refused(api: httpx.AsyncClient, cursor: str) -> None:
    answer = await api.get(f"{HERE}/demo/runs", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
