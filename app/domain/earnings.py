"""Earnings: when a company reports, what was expected, and what it was."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from typing import Literal

import msgspec


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
