"""Search in memory: what is found, in which order, and that no text breaks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.instrument_search import SearchTable, build, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {
    "AAPL": "Apple Inc.",
    "APLE": "Apple Hospitality REIT",
    "APP": "AppLovin Corporation",
    "BRK.A": "Berkshire Hathaway Inc. Class A",
    "BRK.B": "Berkshire Hathaway Inc. Class B",
    "F": "Ford Motor Company",
    "FORD": "Forward Industries",
    "GM": "General Motors Company",
    "MRK": "Merck & Co., Inc.",
    "NESN": "Nestlé S.A.",
    "O'R": "O'Reilly % Automotive_Inc",
    "XOM": "Exxon Mobil Corporation",
}


def table(pairs: Sequence[tuple[str, str]]) -> SearchTable:
    return build(
        7,
        "\n".join(f"{symbol} {name}" for symbol, name in pairs).encode(),
        "\n".join(symbol for symbol, _ in pairs).encode(),
        "\n".join(json.dumps(symbol) for symbol, _ in pairs).encode(),
    )


TABLE = table(list(NAMES.items()))


def found(text: str, limit: int = 5, among: SearchTable = TABLE) -> list[str]:
    return [json.loads(item) for item in among.find(text, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("AAPL", "AAPL"),
        ("aapl", "AAPL"),
        ("f", "F"),
        ("brk", "BRK.A"),
        ("brk.b", "BRK.B"),
        ("apple", "AAPL"),
        ("Hathaway", "BRK."),
        ("berkshire b", "BRK.B"),
        ("motors general", "GM"),
        ("exon mobile", "XOM"),
        ("berkshier hathway", "BRK."),
        ("nestle", "NESN"),
        ("NESTLÉ", "NESN"),
        ("o'reilly", "O'R"),
        ("applov", "APP"),
    ],
)
def test_what_is_meant_comes_first(text: str, first: str) -> None:
    assert found(text)[0].startswith(first)


def test_a_former_symbol_finds_its_company_behind_who_has_it_now() -> None:
    renamed = table([("META FB", "Meta Platforms, Inc. FB Facebook, Inc."), ("FBIN", "Fortune Brands")])
    assert found("fb", 5, renamed) == ["META FB", "FBIN"]
    assert found("facebook", 5, renamed)[0] == "META FB"
    taken = table([("META FB", "Meta Platforms, Inc. FB"), ("FB", "ProShares"), ("FBIN", "Fortune Brands")])
    assert found("fb", 5, taken) == ["FB", "META FB", "FBIN"]


def test_symbols_that_begin_so_leave_room_for_names() -> None:
    many = table([(f"AB{n:03}", f"Something {n}") for n in range(100)] + [("ZZZ", "Ab Industries")])
    assert "ZZZ" in found("ab", 10, many)
    assert len(found("ab", 10, many)) == 10
    assert found("ab000", 1, many) == ["AB000"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "''", '"', "&|!:*", "\u200b", " ", "😀", "qqqqqq", "\n", "\0"])
def test_signs_are_not_operators_and_nonsense_finds_nothing(text: str) -> None:
    assert found(text) == []


@given(st.text(max_size=100), st.integers(1, 50))
def test_any_text_has_an_answer(text: str, limit: int) -> None:
    answer = found(text, limit)
    assert len(answer) <= limit
    assert len(set(answer)) == len(answer)


letters = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(letters, letters), min_size=1, max_size=30, unique_by=lambda pair: fold(pair[0])))
def test_each_instrument_is_found_by_its_symbol_and_by_its_name(pairs: list[tuple[str, str]]) -> None:
    made = table(pairs)
    for symbol, name in pairs:
        assert symbol in found(symbol, 50, made)
        assert symbol in found(f"{symbol} {name}", 50, made)


def test_no_instruments_are_no_answer() -> None:
    assert found("apple", 5, build(0, b"", b"", b"")) == []
