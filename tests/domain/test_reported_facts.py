"""What may be stored of company facts, quotes and earnings, and why the rest may not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import earnings, fundamentals, quotes
from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.fundamentals import BOUNDS, FUNDAMENTALS, PROFILE, SPECS, TOLERANCES, CompanyFacts
from app.domain.quotes import ReportedQuote

NOW = datetime(2010, 5, 6, 20, 0, tzinfo=UTC)
QUOTE = ReportedQuote(
    symbol="PG", at=NOW, price=60.75, open=62.0, high=62.2, low=39.37, previous_close=62.16, volume=0.0
)
REPORT = ReportedEarnings(
    symbol="PG", fiscal_year=2010, fiscal_quarter=3, report_date=date(2010, 4, 29), eps_actual=-0.8
)


def broken(dataset: Dataset, **facts: Any) -> dict[str, str]:
    return fundamentals.faults(CompanyFacts(symbol="PG", facts=facts), dataset)


def test_every_fact_has_bounds_for_its_unit_and_one_meaning() -> None:
    units = {spec.unit for specs in SPECS.values() for spec in specs.values()}
    assert units - {"text", "date"} <= BOUNDS.keys()
    assert BOUNDS.keys() == TOLERANCES.keys()
    assert all(PROFILE[name] == FUNDAMENTALS[name] for name in PROFILE.keys() & FUNDAMENTALS.keys())


def test_sound_facts_have_no_faults() -> None:
    assert broken(Dataset.PROFILES, name="Procter & Gamble", listed_on="1891-01-01", employees=127_000.0) == {}
    assert broken(Dataset.FUNDAMENTALS, market_cap=1.7e11, pe_ttm=-3, dividend_yield=2.9) == {}


@pytest.mark.parametrize(
    ("dataset", "name", "value", "said"),
    [
        (Dataset.FUNDAMENTALS, "mood", 1.0, "no fact of this name"),
        (Dataset.FUNDAMENTALS, "name", "Procter", "no fact of this name"),
        (Dataset.FUNDAMENTALS, "beta", float("nan"), "a number"),
        (Dataset.FUNDAMENTALS, "beta", float("inf"), "a number"),
        (Dataset.FUNDAMENTALS, "beta", "1.2", "a number"),
        (Dataset.FUNDAMENTALS, "beta", True, "a number"),
        (Dataset.FUNDAMENTALS, "shares_outstanding", -1.0, "a number from 0"),
        (Dataset.FUNDAMENTALS, "market_cap", 1e18, "a number"),
        (Dataset.PROFILES, "name", "", "characters"),
        (Dataset.PROFILES, "name", " \n", "blank"),
        (Dataset.PROFILES, "name", "x" * 10_001, "10001 characters"),
        (Dataset.PROFILES, "name", "a\0b", "NUL"),
        (Dataset.PROFILES, "name", 7.0, "text was expected"),
        (Dataset.PROFILES, "listed_on", "20100506", "a date"),
        (Dataset.PROFILES, "listed_on", "2010-02-30", "a date"),
        (Dataset.PROFILES, "listed_on", "0001-01-01", "a date"),
    ],
)
def test_a_fact_that_is_not_of_its_unit_is_named(dataset: Dataset, name: str, value: object, said: str) -> None:
    found = broken(dataset, **{name: value})
    assert said in found[name]


@given(
    st.sampled_from(sorted(name for name in FUNDAMENTALS if name != "sector")),
    st.floats() | st.text(max_size=50) | st.integers(),
)
def test_what_passes_is_finite_and_within_its_bounds(name: str, value: float | str) -> None:
    if not broken(Dataset.FUNDAMENTALS, **{name: value}):
        low, high = BOUNDS[FUNDAMENTALS[name].unit]
        assert not isinstance(value, str)
        assert low <= value <= high


def test_a_sound_quote_has_no_faults() -> None:
    assert quotes.faults(QUOTE, NOW) == {}
    assert quotes.faults(ReportedQuote(symbol="PG", at=NOW + timedelta(minutes=4), price=1e-4), NOW) == {}


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"price": 0.0}, "price"),
        ({"price": float("nan")}, "price"),
        ({"previous_close": -1.0}, "price"),
        ({"low": 63.0}, "ohlc_order"),
        ({"volume": -1.0}, "volume"),
        ({"volume": float("inf")}, "volume"),
        ({"at": NOW.replace(tzinfo=None)}, "time"),
        ({"at": datetime(1969, 1, 1, tzinfo=UTC)}, "time"),
        ({"at": NOW + timedelta(minutes=6)}, "future"),
    ],
)
def test_a_quote_that_cannot_be_is_told_by_rule(more: dict[str, Any], rule: str) -> None:
    assert list(quotes.faults(msgspec.structs.replace(QUOTE, **more), NOW)) == [rule]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"fiscal_quarter": 0}, "fiscal_quarter"),
        ({"fiscal_quarter": 5}, "fiscal_quarter"),
        ({"fiscal_year": 20}, "fiscal_quarter"),
        ({"report_date": date(1, 1, 1)}, "report_date"),
        ({"eps_actual": float("-inf")}, "eps_actual"),
        ({"revenue_estimate": 1e18}, "revenue_estimate"),
    ],
)
def test_a_report_that_cannot_be_is_told_by_rule(more: dict[str, Any], rule: str) -> None:
    assert earnings.faults(REPORT) == {}
    assert list(earnings.faults(msgspec.structs.replace(REPORT, **more))) == [rule]
