"""How complete sessions are: how many instruments ought to have a bar, and how many have one."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from statistics import median
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sessions that were answered in whole, nearest to one that was not: its size is judged by theirs.
NEIGHBOURS: Final = 10


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a final session; `settled` says that a whole answer was.

    `missing` instruments traded before and after it; rows of `held` ones came and were not stored.
    """

    session: date
    settled: bool
    stored: int
    missing: int = 0
    held: int = 0

    @property
    def named(self) -> int:
        """Count the instruments that are known by name to belong to the session."""
        return self.stored + self.missing + self.held


def expected(sessions: Sequence[Counted]) -> list[int]:
    """Return for each session (in order) how many instruments ought to have a bar.

    Of a settled session that is those that have one, are missing between their neighbours, or were held back. Of
    another it is at least the median of the ten settled sessions nearest to it.
    """
    whole = [(i, each.named) for i, each in enumerate(sessions) if each.settled]
    found = []
    for i, each in enumerate(sessions):
        if each.settled or not whole:
            found.append(each.named)
            continue
        nearest = sorted(whole, key=lambda other, here=i: abs(other[0] - here))[:NEIGHBOURS]  # type: ignore[misc]  # mypy cannot infer a lambda's default
        found.append(max(each.named, round(median(named for _, named in nearest))))
    return found


def completeness(sessions: Sequence[Counted], last: int) -> float | None:
    """Return stored over expected bars of the latest `last` sessions, from 0 to 1; None when none are expected."""
    wanted = sum(expected(sessions)[-last:])
    return sum(each.stored for each in sessions[-last:]) / wanted if wanted else None
