"""`groat quarantine` on a real database."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from app.cli import door
from app.cli.frame import FAILED, USAGE

pytestmark = pytest.mark.stack
HELD = """
INSERT INTO quarantine (dataset, symbol, session, rule, evidence, row, provider, fetch_id, known_at) VALUES
  ('bars_daily', 'C', '2010-05-06', 'volume_overflow', '{"volume_overflow": "the source overflowed"}',
   '{"open": 4, "high": 5, "low": 3, "close": 4.5, "volume": 2147483600, "vwap": null, "trades": 7}',
   'polygon', 1, '2010-05-07T00:30:00Z'),
  ('bars_daily', 'D', '2010-05-06', 'not_positive', '{"not_positive": "a price is zero or negative"}',
   '{"open": 4, "high": 5, "low": 0, "close": 4.5, "volume": 1, "vwap": null, "trades": null}',
   'polygon', 1, '2010-05-07T00:30:00Z')
"""
Groat = Callable[..., Any]


@pytest.fixture
def groat(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Groat:
    """Run a command line on two held rows; return its JSON, or its text, or the exit code and the complaint."""
    monkeypatch.setenv("GROAT_ENV_FILE", "")
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(HELD)

    def run(*words: str, code: int = 0) -> Any:
        assert door.main(["quarantine", *words]) == code
        printed = capsys.readouterr()
        if code:
            return printed.err
        return json.loads(printed.out) if "--json" in words else printed.out

    return run


def test_held_rows_are_listed_and_shown(groat: Groat) -> None:
    assert [line.split()[2] for line in groat("list").splitlines()[1:]] == ["D", "C"]
    assert [row["symbol"] for row in groat("list", "--rule", "volume_overflow", "--json")] == ["C"]
    assert groat("list", "--state", "rejected") == "no such row is in quarantine\n"
    shown = groat("show", "1")
    assert "row 1 is held: C 2010-05-06, bars_daily of polygon" in shown
    assert "volume_overflow: the source overflowed" in shown
    assert "no held row 9" in groat("show", "9", code=FAILED)


def test_a_row_is_released_or_rejected_with_its_reason(groat: Groat) -> None:
    assert "released" in groat("release", "1", "--reason", "the exchange agrees")
    assert "by command line: the exchange agrees" in groat("show", "1")
    assert "was released and is stored" in groat("reject", "1", "--reason", "no", code=FAILED)
    assert "bars_daily_ohlc" in groat("release", "2", "--reason", "yes", code=USAGE)
    rejected = groat("reject", "2", "--reason", "a broken price", "--json")
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", "command line")
    assert "Missing option '--reason'" in groat("release", "2", code=USAGE)
