"""Gaps: which sessions a provider ought to have answered for and has not.

What is recorded is answers, not bars: a whole-market reply settles its session for everybody, and whoever is not in it
did not trade. So a gap is the calendar minus what is settled, and a holiday or a delisting needs no entry of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, datetime, timedelta

import msgspec

from app.domain.sessions import Session  # noqa: TC001  msgspec reads annotations at run time


class Span(msgspec.Struct, frozen=True, order=True):
    """The dates from `start` to before `end`."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Tell whether a date lies in it."""
        return self.start <= day < self.end


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far a provider's plan goes: from `first` on, and a session once `final_delay` has passed since its close."""

    first: date
    final_delay: timedelta = timedelta(0)


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions that are missing, the newest first, and those that cannot be asked for.

    `not_final` are over or under way but not final yet, each with the moment when it is; `out_of_reach` are
    older than the plan goes.
    """

    missing: tuple[date, ...] = ()
    not_final: tuple[tuple[date, datetime], ...] = ()
    out_of_reach: tuple[date, ...] = ()


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same dates as spans that are in order and neither touch nor overlap."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def covers(spans: Sequence[Span], day: date) -> bool:
    """Tell whether merged spans hold a date."""
    i = bisect_right(spans, day, key=lambda span: span.start)
    return i > 0 and day in spans[i - 1]


def settled_by(session: date, following: date | None) -> Span:
    """Return what an answer for a session settles: up to the next one, so that spans merge over weekends."""
    return Span(session, following or session + timedelta(days=1))


def find_gaps(sessions: Sequence[Session], settled: Sequence[Span], reach: Reach, now: datetime) -> Gaps:
    """Sort out which of the sessions (in any order, opened by `now` or not) are missing. `settled` is merged.

    A session that has not opened yet is no gap at all.
    """
    missing: list[date] = []
    not_final: list[tuple[date, datetime]] = []
    out_of_reach: list[date] = []
    for session in sorted(sessions, key=lambda session: session.session, reverse=True):
        final_at = session.close_at + reach.final_delay
        if session.open_at > now or covers(settled, session.session):
            continue
        if session.session < reach.first:
            out_of_reach.append(session.session)
        elif final_at > now:
            not_final.append((session.session, final_at))
        else:
            missing.append(session.session)
    return Gaps(missing=tuple(missing), not_final=tuple(not_final), out_of_reach=tuple(out_of_reach))
