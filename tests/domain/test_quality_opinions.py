"""Two providers' bars: small differences are none, great ones are told in words."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quality_opinions import BarPair, OneBar, difference

DAY = date(2010, 5, 6)
KNOWN = datetime(2010, 5, 7, tzinfo=UTC)
BAR = OneBar(open=10.0, high=12.0, low=9.0, close=11.0, volume=1_000.0)


def pair(opinion: OneBar, stored: OneBar = BAR) -> BarPair:
    return BarPair(
        instrument=1,
        session=DAY,
        stored=stored,
        provider="polygon",
        known_at=KNOWN,
        opinion=opinion,
        opinion_provider="alpha_vantage",
        opinion_known_at=KNOWN,
    )


def bar(price: float = 1.0, volume: float = 1.0, **prices: float) -> OneBar:
    found = {name: getattr(BAR, name) * price for name in ("open", "high", "low", "close")}
    return OneBar(**{**found, **prices}, volume=BAR.volume * volume)


@pytest.mark.parametrize("other", [BAR, bar(1.001), bar(high=12.1), bar(volume=1.9), bar(volume=0.51)])
def test_bars_that_differ_a_little_agree(other: OneBar) -> None:
    assert difference(pair(other)) is None
    assert difference(pair(BAR, stored=other)) is None


@pytest.mark.parametrize(("other", "columns"), [
    (bar(close=11.05), ["close"]),
    (bar(high=12.2, low=8.8), ["high", "low"]),
    (bar(volume=2.1), ["volume"]),
    (bar(volume=0.0), ["volume"]),
])  # fmt: skip
def test_what_differs_is_named_with_both_numbers(other: OneBar, columns: list[str]) -> None:
    evidence = difference(pair(other))
    assert evidence is not None
    assert evidence["columns"] == columns
    assert evidence["text"].startswith("polygon and alpha_vantage differ: ")
    assert evidence["polygon"]["close"] == 11.0
    assert "ratio" not in evidence


@given(
    scale=st.floats(1e-3, 1e4), ratio=st.sampled_from([(2.0, "2:1"), (1 / 2, "2:1"), (1 / 1.5, "3:2"), (10.0, "10:1")])
)
def test_prices_adjusted_for_a_split_are_told_from_wrong_ones(scale: float, ratio: tuple[float, str]) -> None:
    ours, theirs = bar(scale), bar(scale * ratio[0])
    evidence = difference(pair(theirs, stored=ours))
    assert evidence is not None
    assert evidence["ratio"] == ratio[1]
    assert "may be adjusted for a split" in evidence["text"]
