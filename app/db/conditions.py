"""Conditions that several of Piccolo's questions share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piccolo.columns.combination import And, Or

if TYPE_CHECKING:
    from datetime import date, datetime

    from piccolo.columns import BigSerial, Date, Timestamptz


def known(known_at: Timestamptz, superseded_at: Timestamptz, as_of: datetime | None) -> list[Any]:
    """Ask for what is known now (None), or what was known then and not superseded yet."""
    if as_of is None:
        return [superseded_at.is_null()]
    return [known_at <= as_of, Or(superseded_at.is_null(), superseded_at > as_of)]


def within(day: Date, from_: date | None, until: date | None) -> list[Any]:
    """Ask for the dates from one up to before another; None leaves that end open."""
    lower = [] if from_ is None else [day >= from_]
    return lower if until is None else [*lower, day < until]


def behind(day: Date, number: BigSerial, after: tuple[date, int] | None) -> list[Any]:
    """Ask for what comes behind a row, the latest date first and then the highest number; None: from the start."""
    if after is None:
        return []
    on, last = after
    return [Or(day < on, And(day == on, number < last))]
