"""`groat instruments show`: an instrument over time, found by a symbol that it has or had."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.cli import door
from tests.db.market import Market

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack


@pytest.fixture
def market(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    market = Market(database_url)
    number = market.instrument("FB", "Facebook, Inc.")
    run, now = market.connection.execute, datetime(2022, 6, 11, tzinfo=UTC)
    run("UPDATE instruments SET symbol = 'META', name = 'Meta Platforms', changed_at = %s WHERE id = %s", (now, number))
    run("UPDATE instrument_symbols SET valid_to = '2022-06-09' WHERE instrument_id = %s", (number,))
    run(
        "INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, provider, known_at)"
        " VALUES (%s, 'META', '2022-06-09', 'test', %s)",
        (number, now),
    )
    yield market
    market.close()


def test_a_former_symbol_shows_the_instrument_over_time(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    del market
    assert door.main(["instruments", "show", "FB"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "META: Meta Platforms (instrument 1, traded), found as FB"
    assert "FB      ?           2022-06-09  test" in shown
    assert "META    2022-06-09              test" in shown
    assert "Facebook, Inc." in shown


def test_json_is_what_the_api_answers(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    del market
    assert door.main(["instruments", "show", "META", "--on", "2023-01-03", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["instrument"]["symbol"] == "META"
    assert [each["symbol"] for each in told["story"]["symbols"]] == ["FB", "META"]


def test_what_nobody_had_is_one_line_of_words(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    del market
    assert door.main(["instruments", "show", "META", "--on", "2021-01-04"]) == 1
    assert "Nobody known had the symbol META on 2021-01-04" in capsys.readouterr().err
    assert door.main(["instruments", "show", "NOPE"]) == 1
