"""What a row of a list means for what is stored: every way that it can go."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain.instrument_identity import Known, Match, Verdict, match_active, match_inactive, same
from app.ports.providers import ListedTicker

DAY = date(2022, 6, 8)


def known(number: int = 1, symbol: str = "X", **facts: Any) -> Known:
    return Known(**{"id": number, "symbol": symbol, **facts})


def row(**facts: Any) -> ListedTicker:
    return ListedTicker(**{"symbol": "X", **facts})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"figi": "F"}, {"figi": "F"}, True),
        ({"figi": "F", "cik": "1"}, {"figi": "F", "cik": "2"}, True),
        ({"figi": "F", "cik": "1"}, {"figi": "G", "cik": "1"}, True),
        ({"figi": "F"}, {"figi": "G"}, False),
        ({"cik": "1"}, {"cik": "2"}, False),
        ({"cik": "1", "name": "A"}, {"cik": "2", "name": "A"}, False),
        ({"name": "Apple Inc."}, {"name": "APPLE INC."}, True),
        ({"name": "Apple Inc."}, {"name": "Apricot"}, None),
        ({"cik": "1"}, {"figi": "F"}, None),
        ({}, {}, None),
    ],
)
def test_identity_is_proven_or_not(one: dict[str, str], other: dict[str, str], *, expected: bool | None) -> None:
    assert same(row(**one), known(1, **other)) is expected
    assert same(row(**other), known(1, **one)) is expected


@pytest.mark.parametrize(
    ("listed", "holders", "match"),
    [
        ({}, [], Match(Verdict.NEW)),
        ({"name": "New name"}, [known(name="Old name")], Match(Verdict.KNOWN, 1)),
        ({"cik": "2"}, [known(cik="1")], Match(Verdict.NEW, None, 1)),
        ({"cik": "2"}, [known(cik="1"), known(2, cik="2", active=False)], Match(Verdict.KNOWN, 2, 1)),
        ({"cik": "1"}, [known(cik="1", active=False)], Match(Verdict.KNOWN, 1)),
        ({}, [known(active=False, delisted_on=DAY)], Match(Verdict.NEW)),
        ({"cik": "1"}, [known(1, cik="1", active=False), known(2, cik="1", active=False)], Match(Verdict.AMBIGUOUS)),
    ],
)
def test_the_list_of_what_is_traded(listed: dict[str, str], holders: list[Known], match: Match) -> None:
    assert match_active(row(**listed), holders) == match


@pytest.mark.parametrize(
    ("listed", "holders", "twins", "match"),
    [
        ({}, [], [], Match(Verdict.NEW)),
        ({"figi": "F"}, [], [known(figi="F", active=False)], Match(Verdict.KNOWN, 1)),
        ({"figi": "F"}, [], [known(figi="F", listed=True, misses=1)], Match(Verdict.WAITS, 1)),
        ({"figi": "F"}, [], [known(figi="F", listed=True, misses=2)], Match(Verdict.DELISTED, 1)),
        ({"figi": "F"}, [], [known(figi="F", misses=1)], Match(Verdict.DELISTED, 1)),
        ({"figi": "F"}, [], [known(symbol="Y", figi="F")], Match(Verdict.FORMER, 1)),
        ({"figi": "F"}, [known(2)], [known(symbol="Y", figi="F")], Match(Verdict.FORMER, 1, None, 2)),
        (
            {"figi": "F"},
            [known(2, last_bar=date(2022, 6, 9))],
            [known(symbol="Y", figi="F")],
            Match(Verdict.FORMER, 1),
        ),
        (
            {"figi": "F"},
            [],
            [known(1, "Y", figi="F"), known(2, "Z", figi="F")],
            Match(Verdict.AMBIGUOUS),
        ),
        ({"cik": "2"}, [known(cik="1", listed=True, misses=9)], [], Match(Verdict.NEW)),
        ({"cik": "1"}, [known(cik="1", listed=True, misses=2)], [], Match(Verdict.DELISTED, 1)),
        ({}, [known(active=False, delisted_on=DAY)], [], Match(Verdict.KNOWN, 1)),
        ({}, [known(last_bar=DAY, misses=1)], [], Match(Verdict.DELISTED, 1)),
        ({}, [known(last_bar=date(2022, 6, 9), misses=1)], [], Match(Verdict.NEW)),
        ({}, [known(1, misses=1), known(2, active=False)], [], Match(Verdict.AMBIGUOUS)),
    ],
)
def test_the_list_of_what_is_no_longer_traded(
    listed: dict[str, str], holders: list[Known], twins: list[Known], match: Match
) -> None:
    assert match_inactive(row(**listed, active=False, delisted_on=DAY), holders, twins) == match


def test_a_list_that_is_taken_at_its_word_delists_at_once() -> None:
    assert (
        match_inactive(row(active=False), [known(name="PG", listed=True)], [], trusted=True).verdict is Verdict.DELISTED
    )
