"""What is told of a company: who it is (its profile) and what it earns, owns and costs (its fundamentals)."""

from __future__ import annotations

from typing import Literal

import msgspec

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
}

FUNDAMENTALS: dict[str, FactSpec] = {
    "market_cap": FactSpec("usd", "Market capitalisation"),
    "shares_outstanding": FactSpec("shares", "Shares outstanding"),
    "pe_ttm": FactSpec("ratio", "Price over earnings of the last twelve months"),
    "forward_pe": FactSpec("ratio", "Price over expected earnings"),
    "peg": FactSpec("ratio", "Price over earnings over growth"),
    "pb": FactSpec("ratio", "Price over book value"),
    "ps_ttm": FactSpec("ratio", "Price over sales of the last twelve months"),
    "ev_ebitda": FactSpec("ratio", "Enterprise value over EBITDA"),
    "eps_ttm": FactSpec("usd_per_share", "Diluted earnings a share, last twelve months"),
    "book_value_per_share": FactSpec("usd_per_share", "Book value a share"),
    "revenue_ttm": FactSpec("usd", "Revenue of the last twelve months"),
    "revenue_per_share_ttm": FactSpec("usd_per_share", "Revenue a share, last twelve months"),
    "gross_margin_ttm": FactSpec("percent", "Gross margin, last twelve months"),
    "operating_margin_ttm": FactSpec("percent", "Operating margin, last twelve months"),
    "net_margin_ttm": FactSpec("percent", "Net margin, last twelve months"),
    "roe_ttm": FactSpec("percent", "Return on equity, last twelve months"),
    "roa_ttm": FactSpec("percent", "Return on assets, last twelve months"),
    "current_ratio": FactSpec("ratio", "Current assets over current liabilities, latest quarter"),
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
