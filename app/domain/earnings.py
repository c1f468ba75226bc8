"""Earnings: when a company reports, what was expected, and what it was."""

from __future__ import annotations

import math
from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import Literal

import msgspec

QUARTERS = range(1, 5)
YEARS = range(1900, 2201)
MOST_EPS, MOST_REVENUE = 1e8, 1e17


class ReportedEarnings(msgspec.Struct, frozen=True, kw_only=True):
    """One quarter's report of one symbol. `when`: before the market opens, after its close, or during the session.

    Estimates and results are None until somebody says them; revenue is in whole dollars.
    """

    symbol: str
    fiscal_year: int
    fiscal_quarter: int
    report_date: date
    when: Literal["before_open", "after_close", "in_session"] | None = None
    eps_estimate: float | None = None
    eps_actual: float | None = None
    revenue_estimate: float | None = None
    revenue_actual: float | None = None


def faults(report: ReportedEarnings) -> dict[str, str]:
    """Return what is wrong with a report, by rule; empty when it may be stored."""
    found: dict[str, str] = {}
    if report.fiscal_quarter not in QUARTERS or report.fiscal_year not in YEARS:
        found["fiscal_quarter"] = f"quarter {report.fiscal_quarter} of {report.fiscal_year} is no fiscal quarter"
    if report.report_date.year not in YEARS:
        found["report_date"] = f"it is {report.report_date}: a year from {YEARS[0]} to {YEARS[-1]} was expected"
    for name in ("eps_estimate", "eps_actual", "revenue_estimate", "revenue_actual"):
        value, most = getattr(report, name), MOST_EPS if name.startswith("eps") else MOST_REVENUE
        if value is not None and not (math.isfinite(value) and abs(value) <= most):
            found[name] = f"it is {value}: a finite number between -{most:g} and {most:g} was expected"
    return found
