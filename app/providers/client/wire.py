"""What texts, tickers and numbers of a reply may be, whichever way a provider writes them."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=500, pattern="^[^\x00]*$")]
LongText = Annotated[str, msgspec.Meta(max_length=50_000, pattern="^[^\x00]*$")]
Title = Annotated[str, msgspec.Meta(max_length=1_000, pattern="^[^\x00]*[^\x00\\s][^\x00]*$")]
Symbol = Annotated[str, msgspec.Meta(max_length=32, pattern="^[!-~]+$")]
# The address of an article or of a site: nothing else may become a link.
Url = Annotated[str, msgspec.Meta(max_length=2_000, pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f]+$")]
# A number, or a text that holds one: providers change from one to the other without a word.
Told = float | int | str | None

NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
COMPACT = re.compile(r"\d{8}T\d{4}(\d{2})?", re.ASCII)
# How providers write that they do not know.
UNKNOWN = frozenset({"", "none", "null", "n/a", "na", "-", "--"})
FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST_INTEGER = 10**40


class UnsoundError(ValueError):
    """A row, or a value, cannot be what it claims to be; `rule` names what is wrong."""

    def __init__(self, why: str, rule: str = "unreadable") -> None:
        """Say what is wrong."""
        super().__init__(why)
        self.rule = rule


def number(told: object, scale: int = 1) -> float | None:
    """Return a finite number times `scale`, exact to the last decimal place; None for what says "unknown".

    Raises UnsoundError for everything else, such as NaN, infinity, true, or a list.
    """
    if told is None or (isinstance(told, str) and told.strip().casefold() in UNKNOWN):
        return None
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        raise UnsoundError(unexpected(told, "a number"))
    if isinstance(told, int) and abs(told) >= LONGEST_INTEGER:
        raise UnsoundError(unexpected("an integer of more than 40 digits", "a number"))
    text = told.strip() if isinstance(told, str) else repr(told)
    if not NUMBER.fullmatch(text):
        raise UnsoundError(unexpected(told, "a number"))
    found = float(Decimal(text) * scale)
    if not math.isfinite(found):
        raise UnsoundError(unexpected(told, "a finite number"))
    return found


def price(told: Told) -> float | None:
    """Return a price; None where it is unknown or zero, which no share costs. Raises UnsoundError for one below."""
    found = number(told)
    if found is not None and found < 0:
        raise UnsoundError(unexpected(told, "a price above zero"))
    return found or None


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC; raise UnsoundError for one without a zone, or of another age."""
    if moment.tzinfo is None:
        raise UnsoundError(unexpected(moment, "a time with its zone"))
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UnsoundError(unexpected(moment, f"a time of the years {FIRST_YEAR} to {LAST_YEAR}"))
    return moment.astimezone(UTC)


def from_unix(told: Told) -> datetime:
    """Return the moment of so many seconds after 1970; raise UnsoundError when it is none."""
    seconds = number(told)
    if seconds is None or not 0 < seconds < datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp():
        raise UnsoundError(unexpected(told, "seconds after 1970"))
    return datetime.fromtimestamp(seconds, UTC)


def from_compact(told: str) -> datetime:
    """Return the time of 20100506T143000, which is UTC; raise UnsoundError when it is none."""
    if not COMPACT.fullmatch(told):
        raise UnsoundError(unexpected(told, "a time such as 20100506T143000"))
    try:
        return datetime.strptime(told.ljust(15, "0"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise UnsoundError(unexpected(told, "a time such as 20100506T143000")) from None


def day(told: object) -> date:
    """Return a date written as YYYY-MM-DD; raise UnsoundError when it is none."""
    try:
        found = date.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != told or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise UnsoundError(unexpected(told, "a date such as 2010-05-06"))
    return found


def unexpected(told: object, wanted: str) -> str:
    """Say that something else was expected."""
    return f"{str(told)[:80]!r}, though {wanted} was expected"
