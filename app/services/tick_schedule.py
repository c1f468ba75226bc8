"""Which windows a pipeline's cron owes, as a pure function of its declaration and market time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from app.domain.pipelines import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.pipelines import PipelineSpec

FIELDS = 5
MOST_A_TICK = 100
# How far back to look for the latest missed time: short first, because a cron may fire each minute.
SPANS = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 32, 24 * 366, 24 * 366 * 9))


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The windows to start now, oldest first, and when the next is due; market time, aware UTC."""

    windows: tuple[datetime, ...]
    next_due: datetime


def check_cron(spec: PipelineSpec) -> None:
    """Raise PipelineError unless the cron has five valid fields and the zone is known."""
    if len(spec.cron.split()) != FIELDS:
        message = f"{spec.name} has the cron {spec.cron!r}: write five fields (six would mean seconds or years)."
        raise PipelineError(message)
    try:
        next(CronSim(spec.cron, datetime(2000, 1, 1, tzinfo=ZoneInfo(spec.tz))))
    except (CronSimError, KeyError, ValueError, StopIteration) as e:
        message = (
            f"{spec.name} has the cron {spec.cron!r} in zone {spec.tz!r}, which cannot be read or never comes. {e}"
        )
        raise PipelineError(message) from None


def forward(spec: PipelineSpec, moment: datetime) -> Iterator[datetime]:
    """Yield the cron times after a moment, rising, aware UTC.

    A local time that a spring gap skips fires at the gap's end; one that autumn repeats fires once.
    """
    last = moment
    for local in CronSim(spec.cron, moment.astimezone(ZoneInfo(spec.tz))):
        time = local.astimezone(UTC)
        # In the hour that autumn repeats, the library starts again from the first of the two.
        if time > last:
            yield time
            last = time


def latest(spec: PipelineSpec, since: datetime, until: datetime) -> datetime:
    """Return the last cron time in (since, until], or `since` when there is none."""
    for span in SPANS:
        start = max(since, until - span)
        times = list(takewhile(lambda time: time <= until, forward(spec, start)))
        if times or start == since:
            return times[-1] if times else since
    return since


def tick(spec: PipelineSpec, next_due: datetime, now: datetime) -> Tick:
    """Return what a pipeline owes at market time `now`, when `next_due` is what was promised last.

    A promise further ahead than the cron's next time (the cron was changed, or the clock was set back) is
    brought forward. Missed times become the latest one, or each of them (100 at a time), as declared.
    """
    if next_due > now:
        return Tick(windows=(), next_due=min(next_due, next(forward(spec, now))))
    if spec.catch_up == "latest":
        return Tick(windows=(latest(spec, next_due, now),), next_due=next(forward(spec, now)))
    due = list(islice(forward(spec, next_due), MOST_A_TICK))
    owed = (next_due, *(time for time in due[:-1] if time <= now))
    return Tick(windows=owed, next_due=next(time for time in due if time not in owed))
