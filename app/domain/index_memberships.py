"""Who was in an index when: what a source tells, cut to what had happened by a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Index(msgspec.Struct, frozen=True):
    """An index: its name, and how many companies it is made of by its own rules."""

    title: str
    size: int


INDICES: Final = {
    "sp500": Index("S&P 500", 500),
    "nasdaq100": Index("Nasdaq-100", 100),
    "dow30": Index("Dow Jones Industrial Average", 30),
}


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A company was in an index from `joined_on` to before `left_on` (None: it still is)."""

    index: str
    symbol: str
    name: str
    joined_on: date
    left_on: date | None = None


class TickerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A company's ticker, and its name, from a day on."""

    on: date
    old_symbol: str
    new_symbol: str
    old_name: str
    new_name: str


class IndexHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What a source tells: memberships under each company's latest ticker, and how the tickers changed."""

    source: str
    memberships: list[Membership]
    changes: list[TickerChange]


class Alias(msgspec.Struct, frozen=True):
    """A ticker that a member had from a day to before another (None: it still has it)."""

    symbol: str
    first: date
    until: date | None


def known_by(history: IndexHistory, day: date) -> list[Membership]:
    """Return the memberships as somebody could have told them on a day: nothing that came later is in them.

    Who joined later is not there, who left later has not left, and a ticker or a name of later is the one before.
    """
    later = sorted((change for change in history.changes if change.on > day), key=_on, reverse=True)
    found = []
    for member in history.memberships:
        if member.joined_on > day or is_empty(member):
            continue
        for change in later:
            if change.new_symbol == member.symbol and (member.left_on is None or member.left_on > change.on):
                member = msgspec.structs.replace(member, symbol=change.old_symbol, name=change.old_name)  # noqa: PLW2901  renamed step by step
        left = None if member.left_on is None or member.left_on > day else member.left_on
        found.append(msgspec.structs.replace(member, left_on=left))
    return once(found)


def is_empty(member: Membership) -> bool:
    """Tell whether a source has a membership end when it begins, or before: then it tells nothing of any day."""
    return member.left_on is not None and member.left_on <= member.joined_on


def once(memberships: Iterable[Membership]) -> list[Membership]:
    """Return each (index, symbol, name, joined_on) once, in order; the one that lasted longer where there are two."""
    found: dict[tuple[str, str, str, date], Membership] = {}
    for member in sorted(
        memberships, key=lambda each: (each.index, each.symbol, each.joined_on, each.left_on or date.max)
    ):
        found[member.index, member.symbol, member.name, member.joined_on] = member
    return list(found.values())


def aliases(member: Membership, changes: Sequence[TickerChange], day: date) -> list[Alias]:
    """Return the tickers that a member had while it was one, as known by a day, the latest first."""
    found, symbol, until = [], member.symbol, member.left_on
    for change in sorted((change for change in changes if change.on <= day), key=_on, reverse=True):
        if change.new_symbol == symbol and member.joined_on < change.on and (until is None or change.on < until):
            found.append(Alias(symbol, change.on, until))
            symbol, until = change.old_symbol, change.on
        elif change.new_symbol == symbol and until is not None and change.on >= until:
            # It left under the ticker that it had then.
            symbol = change.old_symbol
    return [*found, Alias(symbol, member.joined_on, until)]


def _on(change: TickerChange) -> date:
    return change.on
