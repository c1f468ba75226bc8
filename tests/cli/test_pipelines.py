"""`groat pipelines` and `groat backfill`, on a real database; the worker's part is played by SQL."""

import asyncio
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from app.bootstrap import House
from app.cli import door, watching
from app.cli.frame import FAILED, INTERRUPTED, USAGE
from app.domain.pipelines import PipelineSpec, StepSpec
from app.settings import load

pytestmark = pytest.mark.stack

SPEC = PipelineSpec(
    name="daily_bars",
    summary="Fills the days.",
    cron="0 17 * * 1-5",
    steps=(StepSpec(name="plan", summary=""), StepSpec(name="merge", summary="", needs=("plan",))),
)
Groat = Callable[..., Any]


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with one declared pipeline, and an environment that names it."""
    monkeypatch.setenv("GROAT_ENV_FILE", "")
    monkeypatch.setenv("DATABASE_URL", database_url)

    async def declare() -> None:
        async with House(load({"DATABASE_URL": database_url}), name="test") as house:
            await house.spine.schedule.declare([SPEC], datetime(2010, 4, 26, tzinfo=UTC))

    asyncio.run(declare())
    return database_url


@pytest.fixture
def groat(database: str, capsys: pytest.CaptureFixture[str]) -> Groat:
    """Run a command line that must succeed; return its JSON, or its text."""
    assert database

    def run(*words: str) -> Any:
        assert door.main(list(words)) == 0, capsys.readouterr().err
        printed = capsys.readouterr().out
        return json.loads(printed) if "--json" in words else printed

    return run


def sql(url: str, text: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def test_list_shows_declared_pipelines(groat: Groat) -> None:
    assert groat("pipelines", "list").splitlines()[1].split() == [
        *("daily_bars", "never", "ran", "0", "17", "*", "*", "1-5", "America/New_York"),
        *("2010-04-26", "00:00:00Z", "Fills", "the", "days."),
    ]
    [view] = groat("pipelines", "list", "--json")
    assert view["spec"]["name"] == "daily_bars"


def test_a_run_is_started_once_and_shown(groat: Groat) -> None:
    first = groat("pipelines", "start", "daily_bars", "--window", "w", "--arg", "force=true", "--json")
    assert first["new"]
    assert groat("pipelines", "start", "daily_bars", "--window", "w", "--json") == {"run": first["run"], "new": False}
    [run] = groat("pipelines", "runs", "daily_bars", "--json")
    assert (run["window"], run["args"], run["state"]) == ("w", {"force": True}, "running")
    assert "1 ready, 1 waiting" in groat("pipelines", "runs")
    steps = groat("pipelines", "steps", str(first["run"]), "--json")
    assert [(step["step"], step["state"]) for step in steps] == [("merge", "waiting"), ("plan", "ready")]


def test_a_window_is_the_market_time_by_default(groat: Groat) -> None:
    number = groat("pipelines", "start", "daily_bars", "--json")["run"]
    [run] = groat("pipelines", "runs", "--json")
    assert run["id"] == number
    assert run["window"].startswith("by-hand:")


def test_steps_tell_reports_and_errors(groat: Groat, database: str) -> None:
    number = str(groat("pipelines", "start", "daily_bars", "--window", "w", "--json")["run"])
    report = '{"done": 3, "skipped": {"held": 2}}'
    sql(database, f"UPDATE pipeline_steps SET state = 'done', report = '{report}' WHERE step = 'plan'")  # noqa: S608  our own words
    sql(database, "UPDATE pipeline_steps SET error = 'the quota opens in 12 s' WHERE step = 'merge'")
    printed = groat("pipelines", "steps", number)
    assert "3 done, 2 skipped (held)" in printed
    assert "the quota opens in 12 s" in printed


def test_pause_and_resume(groat: Groat) -> None:
    groat("pipelines", "pause", "daily_bars")
    assert groat("pipelines", "list", "--json")[0]["paused"]
    assert "paused" in groat("pipelines", "list")
    groat("pipelines", "resume", "daily_bars")
    assert not groat("pipelines", "list", "--json")[0]["paused"]


@pytest.mark.parametrize(
    "words",
    [
        ["pipelines", "pause", "nothing"],
        ["pipelines", "steps", "99"],
        ["pipelines", "runs", "nothing"],
        ["pipelines", "watch", "99"],
        ["pipelines", "start", "nothing"],
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    words: list[str], database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert database
    assert door.main(words) == FAILED
    assert capsys.readouterr().err.count("\n") == 1


def test_an_argument_without_a_value_is_a_usage_error(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert database
    assert door.main(["pipelines", "start", "daily_bars", "--arg", "force"]) == USAGE
    assert "NAME=VALUE" in capsys.readouterr().err


class TestBackfill:
    def test_a_span_is_started_once(self, groat: Groat) -> None:
        words = ("backfill", "--from", "2010-01-04", "--until", "2010-04-24", "--json")
        first = groat(*words)
        assert first["new"]
        assert groat(*words) == {"run": first["run"], "new": False}
        assert groat(*words, "--force")["run"] != first["run"]
        assert {run["window"] for run in groat("pipelines", "runs", "--json")} >= {"backfill:2010-01-04..2010-04-24"}

    @pytest.mark.parametrize(
        "span", [("2010-04-24", "2010-01-04"), ("2010-01-04", "2999-01-01"), ("2010-02-30", "2010-03-01")]
    )
    def test_spans_that_make_no_sense_are_usage_errors(
        self, span: tuple[str, str], database: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert database
        assert door.main(["backfill", "--from", span[0], "--until", span[1]]) == USAGE
        assert capsys.readouterr().out == ""

    def test_waiting_follows_to_the_end(
        self, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(watching, "EVERY_S", 0.05)
        report = '{"done": 1, "details": {"bars_daily": {"rows": 1500, "inserted": 20}}, "notes": ["no session"]}'
        finish = (
            f"UPDATE pipeline_steps SET state = 'done', ended_at = now(), report = '{report}' WHERE step = 'merge';"  # noqa: S608  our own words
            "UPDATE pipeline_steps SET state = 'done', ended_at = now();"
            "UPDATE pipeline_runs SET state = 'done', ended_at = now()"
        )
        later = threading.Timer(0.5, sql, (database, finish))
        later.start()
        assert door.main(["backfill", "--from", "2010-01-04", "--until", "2010-04-24", "--wait"]) == 0
        later.join()
        printed = capsys.readouterr()
        assert printed.out == "run 1 started\n"
        assert "100%  2/2 steps" in printed.err
        assert "bars_daily: 1,500 rows, 20 inserted\n" in printed.err
        assert "left for later: no session\n" in printed.err

    def test_the_progress_says_what_it_waits_for(self, groat: Groat, database: str) -> None:
        groat("backfill", "--from", "2010-01-04", "--until", "2010-04-24")

        async def note() -> str:
            async with House(load({"DATABASE_URL": database}), name="test") as house:
                return await watching.Watch(house, 1).note(await house.pipelines.run(1))

        assert asyncio.run(note()) == ""
        report = '{"details": {"done_at": "2010-04-26T14:34:00+00:00"}}'
        sql(database, f"UPDATE pipeline_steps SET state = 'done', report = '{report}' WHERE step = 'plan'")  # noqa: S608  our own words
        assert asyncio.run(note()) == "planned until 2010-04-26T14:34 of the market"
        sql(
            database,
            "UPDATE pipeline_steps SET state = 'ready', error = 'the next slot is free in 12 s' WHERE step = 'merge'",
        )
        assert asyncio.run(note()) == "the next slot is free in 12 s"

    def test_a_run_that_fails_is_told_with_its_cause(
        self, groat: Groat, database: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        groat("backfill", "--from", "2010-01-04", "--until", "2010-04-24")
        sql(database, "UPDATE pipeline_steps SET state = 'dead', error = 'the disk is full' WHERE step = 'plan'")
        sql(database, "UPDATE pipeline_runs SET state = 'failed', ended_at = now()")
        assert door.main(["pipelines", "watch", "1"]) == FAILED
        told = capsys.readouterr().err
        assert "the disk is full" in told
        assert "groat pipelines retry 1" in told
        assert "1 steps" in groat("pipelines", "retry", "1")

    def test_leaving_early_leaves_the_run_running(
        self, groat: Groat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        groat("backfill", "--from", "2010-01-04", "--until", "2010-04-24")

        async def interrupted(_seconds: float) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr("app.cli.watching.asyncio.sleep", interrupted)
        assert door.main(["pipelines", "watch", "1"]) == INTERRUPTED
        assert "run 1 goes on without you" in capsys.readouterr().err
        monkeypatch.undo()
