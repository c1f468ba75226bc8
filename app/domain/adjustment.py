"""Adjust raw bars for splits and cash dividends, at read time.

Prices and volumes of the sessions *before* an ex-date are restated so that the series has no jump that no
holder of the share felt. The latest prices stay as they were traded.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from decimal import Decimal  # noqa: TC003  msgspec reads annotations at run time
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.domain.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """`split_from` shares became `split_to` shares before the open of `ex_date`."""

    ex_date: date
    split_from: Decimal
    split_to: Decimal

    @property
    def factor(self) -> Fraction:
        """Return what earlier prices are multiplied by: 1/2 for two new shares for one."""
        return Fraction(self.split_from) / Fraction(self.split_to)


class Dividend(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` in cash a share, as paid, to whoever held the share at the close before `ex_date`.

    `close_before` is the raw close of `session_before`, the last session before the ex-date that has a bar;
    both are None when there is none. `foreign` marks an amount that is not in the instrument's currency.
    """

    ex_date: date
    amount: Decimal
    close_before: float | None = None
    session_before: date | None = None
    foreign: bool = False


def adjust(raw: Series, splits: Sequence[Split], dividends: Sequence[Dividend] = ()) -> Series:
    """Return the bars, adjusted for the splits and, when given, the cash dividends.

    Each price is multiplied by the product of ``split_from / split_to`` and ``1 - D / P`` over all actions
    with a later ex-date, where D is the cash a share and P the raw close of the session before the ex-date:
    the method of CRSP's price adjustment factor and of Yahoo's adjusted close. Volume is divided by the split
    factors alone. Without an action that counts, the same columns come back, bit for bit.
    """
    by_split = factors(raw.sessions, [(split.ex_date, split.factor) for split in splits])
    by_dividend = factors(raw.sessions, list(dividend_steps(dividends, splits)))
    if by_split is None and by_dividend is None:
        return raw
    price = product(by_split, by_dividend)
    return Series(
        sessions=raw.sessions,
        open=raw.open * price,
        high=raw.high * price,
        low=raw.low * price,
        close=raw.close * price,
        volume=raw.volume if by_split is None else raw.volume / by_split,
    )


def factors(
    sessions: npt.NDArray[np.datetime64], steps: Sequence[tuple[date, Fraction]]
) -> npt.NDArray[np.float64] | None:
    """Return for each session the product of the factors of all later ex-dates; None when that is 1 throughout.

    The products are exact and rounded to float64 once, so two splits for one day, or a split and its undoing,
    compose as they should.
    """
    ordered = sorted(steps)
    if not ordered or not len(sessions) or sessions[0] >= np.datetime64(ordered[-1][0], "D"):
        return None
    later = [Fraction(1)]
    for _, factor in reversed(ordered):
        later.append(later[-1] * factor)
    later.reverse()
    ex_dates = np.array([ex_date for ex_date, _ in ordered], dtype="datetime64[D]")
    passed = np.searchsorted(ex_dates, sessions, side="right")
    return np.array([float(factor) for factor in later])[passed]


def dividend_steps(dividends: Iterable[Dividend], splits: Sequence[Split]) -> Iterable[tuple[date, Fraction]]:
    """Yield ``(ex_date, 1 - D/P)`` for each ex-date with a dividend that can be applied.

    Several dividends of one ex-date are added up before the division. P is restated for splits between its
    session and the ex-date, because D is paid on the shares of after the split. A dividend cannot be applied
    without a price before it, in a foreign currency, or when it pays the whole price or more.
    """
    cash: dict[date, Fraction] = {}
    price: dict[date, Fraction] = {}
    for dividend in dividends:
        if dividend.close_before is None or dividend.session_before is None or dividend.foreign:
            continue
        day = dividend.ex_date
        cash[day] = cash.get(day, Fraction(0)) + Fraction(dividend.amount)
        price[day] = Fraction(dividend.close_before)
        for split in splits:
            if dividend.session_before < split.ex_date <= day:
                price[day] *= split.factor
    for day, amount in cash.items():
        if amount < price[day]:
            yield day, 1 - amount / price[day]


def product(
    one: npt.NDArray[np.float64] | None, other: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64] | float:
    """Multiply two columns of factors, where None stands for 1."""
    if one is None:
        return 1.0 if other is None else other
    return one if other is None else one * other
