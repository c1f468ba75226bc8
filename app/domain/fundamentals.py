"""What is told of a company: who it is (its profile) and what it earns, owns and costs (its fundamentals)."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import date
from typing import Literal

import msgspec

from app.domain.datasets import Dataset

Unit = Literal["text", "date", "usd", "usd_per_share", "shares", "ratio", "percent", "people"]


class FactSpec(msgspec.Struct, frozen=True):
    """One fact's meaning: its unit, and in words what it is. Percent are percent: 12.5, not 0.125."""

    unit: Unit
    title: str


class CompanyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one reply tells of one company. Keys are names of PROFILE or FUNDAMENTALS; what it leaves out is unknown.

    Texts are text, dates ISO text, and all others finite float64 in the unit of their FactSpec (whole dollars, whole
    shares: a provider that counts in millions is converted).
    """

    symbol: str
    facts: dict[str, float | str]


PROFILE: dict[str, FactSpec] = {
    "name": FactSpec("text", "Name of the company"),
    "exchange": FactSpec("text", "Exchange, as the provider names it"),
    "country": FactSpec("text", "Country of domicile, as the provider names it"),
    "currency": FactSpec("text", "Currency of the accounts (ISO 4217)"),
    "sector": FactSpec("text", "Sector, in the provider's classification"),
    "industry": FactSpec("text", "Industry, in the provider's classification"),
    "website": FactSpec("text", "Address of the company's site"),
    "phone": FactSpec("text", "Telephone number"),
    "description": FactSpec("text", "What the company does, in the provider's words"),
    "cik": FactSpec("text", "Central Index Key of the SEC, ten digits"),
    "listed_on": FactSpec("date", "Date of the initial public offering"),
    "employees": FactSpec("people", "Full-time employees"),
    "shares_outstanding": FactSpec("shares", "Shares outstanding"),
}

FUNDAMENTALS: dict[str, FactSpec] = {
    "sector": FactSpec("text", "Sector, in the provider's classification"),
    "market_cap": FactSpec("usd", "Market capitalisation"),
    "enterprise_value": FactSpec("usd", "Market capitalisation and net debt"),
    "shares_outstanding": FactSpec("shares", "Shares outstanding"),
    "shares_float": FactSpec("shares", "Shares that can be traded"),
    "pe_ttm": FactSpec("ratio", "Price over earnings of the last twelve months"),
    "forward_pe": FactSpec("ratio", "Price over expected earnings"),
    "peg": FactSpec("ratio", "Price over earnings over growth"),
    "pb": FactSpec("ratio", "Price over book value"),
    "ps_ttm": FactSpec("ratio", "Price over sales of the last twelve months"),
    "ev_ebitda": FactSpec("ratio", "Enterprise value over EBITDA"),
    "ev_revenue": FactSpec("ratio", "Enterprise value over revenue of the last twelve months"),
    "eps_ttm": FactSpec("usd_per_share", "Diluted earnings a share, last twelve months"),
    "book_value_per_share": FactSpec("usd_per_share", "Book value a share"),
    "revenue_ttm": FactSpec("usd", "Revenue of the last twelve months"),
    "ebitda_ttm": FactSpec("usd", "EBITDA of the last twelve months"),
    "revenue_per_share_ttm": FactSpec("usd_per_share", "Revenue a share, last twelve months"),
    "gross_margin_ttm": FactSpec("percent", "Gross margin, last twelve months"),
    "operating_margin_ttm": FactSpec("percent", "Operating margin, last twelve months"),
    "net_margin_ttm": FactSpec("percent", "Net margin, last twelve months"),
    "roe_ttm": FactSpec("percent", "Return on equity, last twelve months"),
    "roa_ttm": FactSpec("percent", "Return on assets, last twelve months"),
    "current_ratio": FactSpec("ratio", "Current assets over current liabilities, latest quarter"),
    "quick_ratio": FactSpec("ratio", "Current assets without inventories over current liabilities, latest quarter"),
    "debt_to_equity": FactSpec("ratio", "Total debt over equity, latest quarter"),
    "revenue_growth_yoy": FactSpec("percent", "Growth of the quarter's revenue over a year"),
    "eps_growth_yoy": FactSpec("percent", "Growth of the earnings a share over a year"),
    "dividend_yield": FactSpec("percent", "Dividend yield"),
    "dividend_per_share": FactSpec("usd_per_share", "Dividends a share, a year"),
    "payout_ratio": FactSpec("percent", "Dividends over earnings"),
    "beta": FactSpec("ratio", "Beta against the market, as the provider computes it"),
    "high_52w": FactSpec("usd_per_share", "Highest price of 52 weeks"),
    "low_52w": FactSpec("usd_per_share", "Lowest price of 52 weeks"),
    "average_volume_10d": FactSpec("shares", "Mean daily volume of 10 sessions"),
    "average_volume_3m": FactSpec("shares", "Mean daily volume of 3 months"),
    "target_price": FactSpec("usd_per_share", "Analysts' mean target price"),
}

SPECS: Mapping[Dataset, Mapping[str, FactSpec]] = {Dataset.PROFILES: PROFILE, Dataset.FUNDAMENTALS: FUNDAMENTALS}
MOST_TEXT = 10_000
FIRST_YEAR, LAST_YEAR = 1600, 2200
# What no company reaches in any currency: beyond it a provider has mixed up its units.
BOUNDS: Mapping[Unit, tuple[float, float]] = {
    "usd": (-1e17, 1e17),
    "usd_per_share": (-1e8, 1e8),
    "shares": (0.0, 1e13),
    "ratio": (-1e9, 1e9),
    "percent": (-1e9, 1e9),
    "people": (0.0, 1e8),
}
# Two providers disagree when their values lie further apart than this share of the larger one.
TOLERANCES: Mapping[Unit, float] = {
    "usd": 0.05,
    "usd_per_share": 0.05,
    "shares": 0.02,
    "ratio": 0.1,
    "percent": 0.1,
    "people": 0.2,
}


def faults(company: CompanyFacts, dataset: Dataset) -> dict[str, str]:
    """Return what is wrong with a company's facts, by the fact's name; empty when all may be stored.

    Unknown names are refused, and so is a value that is not of its unit: text, an ISO date, or a number within bounds.
    """
    specs = SPECS[dataset]
    found = {}
    for name, value in company.facts.items():
        spec = specs.get(name)
        said = f"{dataset} has no fact of this name" if spec is None else fault(spec.unit, value)
        if said:
            found[name] = said
    return found


def fault(unit: Unit, value: float | str) -> str:
    """Say why a value is not of its unit; empty when it is."""
    if unit in {"text", "date"}:
        if not isinstance(value, str):
            return f"it is {value!r}: text was expected"
        return text_fault(value) or (date_fault(value) if unit == "date" else "")
    low, high = BOUNDS[unit]
    if isinstance(value, str | bool) or not math.isfinite(value) or not low <= value <= high:
        return f"it is {str(value)[:40]!r}: a number from {low:g} to {high:g} was expected ({unit})"
    return ""


def text_fault(value: str) -> str:
    """Say why a text cannot be stored; empty when it can."""
    if not value.strip() or len(value) > MOST_TEXT:
        return f"it has {len(value)} characters: 1 to {MOST_TEXT} were expected, not all blank"
    if "\0" in value:
        return "it holds a NUL character"
    return ""


def date_fault(value: str) -> str:
    """Say why a text is no date; empty when it is one."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value or not FIRST_YEAR <= day.year <= LAST_YEAR:
        return f"it is {value[:40]!r}: a date such as 1980-12-12 was expected"
    return ""
