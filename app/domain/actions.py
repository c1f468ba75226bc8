"""Corporate actions as providers report them: splits and cash dividends."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from typing import Literal

import msgspec

MAX_RATIO = 1_000_000


class ReportedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action of one symbol, not yet tied to an instrument.

    A split turns `split_from` old shares into `split_to` new ones on `ex_date`. A dividend pays `cash_amount` of
    `currency` a share to holders before `ex_date`. `ref` is the provider's own id, or a natural key where it
    has none: a later report with the same ref corrects this one.
    """

    ref: str
    symbol: str
    kind: Literal["split", "dividend"]
    ex_date: date
    split_from: Decimal | None = None
    split_to: Decimal | None = None
    cash_amount: Decimal | None = None
    currency: str | None = None
    dividend_type: str | None = None
    declared_on: date | None = None
    record_on: date | None = None
    pay_on: date | None = None


def faults(action: ReportedAction) -> dict[str, str]:
    """Return what is wrong with an action, by rule; empty when it may be stored."""
    found: dict[str, str] = {}
    if action.kind == "split":
        for name, value in (("split_from", action.split_from), ("split_to", action.split_to)):
            if value is None or not value.is_finite() or not 0 < value <= MAX_RATIO:
                found["split_ratio"] = (
                    f"{name} is {value}: a finite number above 0 and at most {MAX_RATIO} was expected"
                )
    else:
        cash = action.cash_amount
        if cash is None or not cash.is_finite() or not 0 <= cash <= MAX_RATIO:
            found["cash_amount"] = f"it is {cash}: a finite amount from 0 to {MAX_RATIO} was expected"
    return found
