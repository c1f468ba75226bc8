"""`groat plan`: reasons and times for calls, reasons for gaps."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.cli import door, plan
from app.domain.datasets import Dataset
from app.domain.fetch_plan import Deferred, FetchPlan, Load, PlannedCall

NOW = datetime(2010, 4, 26, 14, tzinfo=UTC)


def call(number: int) -> PlannedCall:
    return PlannedCall(
        provider="polygon",
        dataset=Dataset.BARS_DAILY,
        subject=f"2010-04-{number:02}",
        reason="session is missing",
        eta=NOW + timedelta(seconds=12 * number),
        in_us=12_000_000 * number,
    )


def test_a_plan_is_told_with_times_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    gap = Deferred(
        dataset=Dataset.BARS_DAILY, subject="2010-04-26", reason="not final yet", until=NOW + timedelta(hours=10)
    )
    made = FetchPlan(made_at=NOW, calls=(call(1), call(2)), deferred=(gap,), done_at=call(2).eta)
    plan.show(made, most=20)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert " ".join(lines[0]) == (
        "2010-04-26 14:00:00Z: 2 calls to come, 1 gap waits; done at 2010-04-26 14:00:24Z, in 24 s of market time"
    )
    assert " ".join(lines[3]) == "2010-04-26 14:00:12Z polygon bars_daily 2010-04-01 session is missing"
    assert " ".join(lines[-1]) == "bars_daily 2010-04-26 not final yet 2010-04-27 00:00:00Z"


def test_a_long_plan_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    made = FetchPlan(made_at=NOW, calls=tuple(call(number) for number in range(1, 29)))
    plan.show(made, most=20)
    assert capsys.readouterr().out.endswith("... and 8 more (--all shows them)\n")
    plan.show(made, most=None)
    assert "more" not in capsys.readouterr().out


def test_nothing_to_do_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    plan.show(FetchPlan(made_at=NOW), most=20)
    assert capsys.readouterr().out == "2010-04-26 14:00:00Z: 0 calls to come, 0 gaps wait\n"


@pytest.mark.stack
def test_without_a_key_every_gap_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROAT_ENV_FILE", "")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("POLYGON_API_KEY", "")
    assert door.main(["plan", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["loads"] == []
    assert made["calls"] == []
    assert any("set POLYGON_API_KEY" in gap["reason"] for gap in made["deferred"])


def test_each_providers_load_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    load = Load(provider="p", wanted_per_day=1, allowed_per_day=2, share=0.5, text="p is asked for 0.50 of its share")
    plan.show(FetchPlan(made_at=NOW, loads=(load,)), most=20)
    assert "p is asked for 0.50 of its share" in capsys.readouterr().out


@pytest.mark.stack
def test_a_simulation_says_when_more_symbols_are_there(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROAT_ENV_FILE", "")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FINNHUB_API_KEY", "not-a-real-key")
    assert door.main(["plan", "--simulate", "--add-symbols", "30", "--tier", "index"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("adding 30 symbols to the tier index finishes ")
    assert {line.split()[0] for line in told.splitlines() if line.startswith(("fund", "news", "prof"))} == {
        "fundamentals",
        "news",
        "profiles",
    }
    assert door.main(["plan", "--simulate", "--add-symbols", "30", "--tier", "index", "--failures", "0.5"]) == 0
    assert "with 50% of calls in vain, finishes" in capsys.readouterr().out
    assert door.main(["plan", "--add-symbols", "30"]) == 2
    assert "add --simulate" in capsys.readouterr().err
