"""Who had a symbol when: a ticker passes from company to company, and a company from ticker to ticker."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

# In place of an instrument's number: more than one may have had the symbol, and nothing tells which.
AMBIGUOUS: Final = 0


class Tenure(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument had a symbol on the sessions from `start` to before `end`.

    None is not known, or for the end also not yet come: `active` tells that the instrument is still traded.
    """

    instrument: int
    start: date | None = None
    end: date | None = None
    active: bool = True

    def may_hold(self, on: date) -> bool:
        """Tell whether nothing speaks against its having the symbol on a day."""
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)


def holder(tenures: Sequence[Tenure], on: date) -> int | None:
    """Return who had a symbol on a session: the instrument's number, None for nobody known, or AMBIGUOUS.

    Where several may have had it, because nothing tells when they began, it was the first of them to give it up: a
    symbol has one holder at a time. That cannot be told when the end of one that is gone is not known.
    """
    able = [tenure for tenure in tenures if tenure.may_hold(on)]
    if not able:
        return None
    if len({tenure.instrument for tenure in able}) == 1:
        return able[0].instrument
    first = min(able, key=_end)
    rivals = [each for each in able if each.instrument != first.instrument]
    if any(each.end is None and not each.active for each in able) or any(_end(each) == _end(first) for each in rivals):
        return AMBIGUOUS
    return first.instrument


def latest(tenures: Sequence[Tenure]) -> int | None:
    """Return who has a symbol, or had it last: what is meant when no day is named."""
    last = max(
        tenures,
        key=lambda each: (each.end is None and each.active, each.end or date.min, each.instrument),
        default=None,
    )
    return None if last is None else last.instrument


def room(tenures: Sequence[Tenure], on: date) -> tuple[date | None, date | None]:
    """Return from when to before when nobody known had a symbol, around a session on which `holder` is None."""
    ends = [tenure.end for tenure in tenures if tenure.end is not None and tenure.end <= on]
    starts = [tenure.start for tenure in tenures if tenure.start is not None and tenure.start > on]
    return max(ends, default=None), min(starts, default=None)


def _end(tenure: Tenure) -> date:
    return tenure.end or date.max
