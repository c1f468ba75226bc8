"""Read what is told of a company: each value by the name that Groat gives it, and those that cannot be are held."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from app.domain.fundamentals import CompanyFacts
from app.providers.client.reading import held, refuse_too_many
from app.providers.client.wire import UnsoundError, day, number, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.quality import HeldRow

    Reader = Callable[[object], float | str | None]

# Past this share of values that cannot be, the format itself must have changed.
MOST_UNSOUND = 0.5
LONGEST_TEXT = 10_000
UNKNOWN_TEXTS = frozenset({"", "none", "null", "n/a", "-"})
ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f]{1,500}", re.IGNORECASE)
CURRENCY = re.compile(r"[A-Za-z]{3}")
CIK = re.compile(r"\d{1,10}", re.ASCII)

in_millions = partial(number, scale=1_000_000)
# What is told as a share of one, and kept as percent.
from_share = partial(number, scale=100)


def company_facts(
    symbol: str, told: Mapping[str, object], names: Mapping[str, tuple[str, Reader]]
) -> tuple[CompanyFacts, list[HeldRow]]:
    """Return the facts, each read from the provider's name for it; what says "unknown" is left out.

    Raises RefusedError when most values cannot be what they claim.
    """
    facts: dict[str, float | str] = {}
    unsound: list[HeldRow] = []
    for ours, (theirs, read) in names.items():
        try:
            value = read(told.get(theirs))
        except UnsoundError as e:
            unsound.append(held(e.rule, symbol, {theirs: told[theirs]}, f"{theirs} is {e}"))
            continue
        if value is not None:
            facts[ours] = value
    refuse_too_many(unsound, len(facts) + len(unsound), MOST_UNSOUND)
    return CompanyFacts(symbol=symbol, facts=facts), unsound


def text(told: object) -> str | None:
    """Return a text without its outer spaces; None for what says "unknown"."""
    if told is None:
        return None
    if not isinstance(told, str) or len(told) > LONGEST_TEXT or "\0" in told:
        raise UnsoundError(unexpected(told, f"a text of at most {LONGEST_TEXT} characters"))
    found = told.strip()
    return None if found.casefold() in UNKNOWN_TEXTS else found


def matching(told: object, pattern: re.Pattern[str], wanted: str) -> str | None:
    """Return a text that matches as a whole; None for what says "unknown"."""
    found = text(told)
    if found is not None and not pattern.fullmatch(found):
        raise UnsoundError(unexpected(told, wanted))
    return found


def site(told: object) -> str | None:
    """Return the address of a site: http or https, nothing else may become a link."""
    return matching(told, ADDRESS, "an address such as https://...")


def currency(told: object) -> str | None:
    """Return a currency's three letters."""
    found = matching(told, CURRENCY, "three letters such as USD")
    return found.upper() if found else None


def cik(told: object) -> str | None:
    """Return a Central Index Key with its ten digits."""
    found = matching(told, CIK, "a number of at most ten digits")
    return found.zfill(10) if found else None


def iso_day(told: object) -> str | None:
    """Return a date as YYYY-MM-DD."""
    found = text(told)
    return None if found is None else day(found).isoformat()


def headcount(told: object) -> float | None:
    """Return a number of people or of shares; raise UnsoundError below zero."""
    found = number(told)
    if found is not None and found < 0:
        raise UnsoundError(unexpected(told, "a number from zero on"))
    return found
