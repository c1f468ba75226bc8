"""Tell how fresh and how complete each dataset is, and what is in doubt."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.datasets import WHOLE_MARKET, Dataset
from app.domain.errors import InvalidRequestError
from app.domain.market_days import market_date
from app.domain.quality_completeness import Counted, completeness, expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.quality import Ingested, QualityReads, SessionCount
    from app.services.desk import Desk

# Completeness is of so many of the latest final sessions: a month.
LATEST: Final = 20
# How old the last whole sweep may be.
EVERY: Final = {
    Dataset.SPLITS: timedelta(days=1),
    Dataset.DIVIDENDS: timedelta(days=1),
    Dataset.EARNINGS: timedelta(days=1),
    Dataset.INSTRUMENTS: timedelta(days=7),
}
NO_HISTORY: Final = timedelta(days=729)
LONGEST_CALENDAR: Final = timedelta(days=3_660)


class DatasetQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How a dataset stands; dates are the exchange's, times UTC.

    `newest` is the last date that a whole answer is stored for (instrument-wise: of the last answer),
    `expected_newest` the last one that could be; null where nothing sets it. `age_s` is the market time since what is
    newest was true: the session's close, or the last answer. `completeness` (0 to 1) is stored over expected bars of
    the latest 20 final sessions, or the share of listed instruments that a provider was ever asked about. `gaps`
    counts final sessions within the provider's reach that are not stored in whole. `held` counts rows in quarantine,
    `flags` open doubts about stored bars, both by rule. `last_ingest_at` is machine time, `known_at` market time.
    """

    dataset: Dataset
    newest: date | None
    expected_newest: date | None
    age_s: float | None
    completeness: float | None
    gaps: int | None
    held: dict[str, int]
    flags: dict[str, int]
    last_ingest_at: datetime | None
    known_at: datetime | None
    provider: str | None


class SessionQuality(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the calendar: how many bars are expected and stored, how many rows are held and bars flagged.

    `settled` says that a whole answer is stored; `final` that its data are final by now.
    """

    session: date
    final: bool
    settled: bool
    expected: int
    stored: int
    held: int
    flagged: int


async def read_data_quality(desk: Desk, reads: QualityReads) -> list[DatasetQuality]:
    """Return how every dataset stands now; looks at no bar."""
    now, today = desk.clock.now(), desk.today()
    overview = await reads.overview(first_session(desk, today), today + timedelta(days=1))
    delay = final_delay(desk)
    sessions = [each for each in overview.sessions if each.close_at + delay <= now]
    found = []
    for dataset in Dataset:
        last = overview.ingested.get(dataset)
        newest, wanted, age_s, part, gaps = None, None, age_of(last, now), overview.asked.get(dataset), None
        if dataset is Dataset.BARS_DAILY:
            stored = [each for each in sessions if each.settled]
            newest = stored[-1].session if stored else None
            age_s = (now - stored[-1].close_at).total_seconds() if stored else None
            wanted = sessions[-1].session if sessions else None
            part, gaps = completeness(counted(sessions), LATEST), len(sessions) - len(stored)
        elif dataset in WHOLE_MARKET:
            newest, wanted = overview.swept.get(dataset), today - EVERY[dataset]
        elif last is not None:
            newest = market_date(last.known_at)
        found.append(
            DatasetQuality(
                dataset=dataset,
                newest=newest,
                expected_newest=wanted,
                age_s=age_s,
                completeness=part,
                gaps=gaps,
                held=overview.held.get(dataset, {}),
                flags=overview.flags if dataset is Dataset.BARS_DAILY else {},
                last_ingest_at=last.at if last else None,
                known_at=last.known_at if last else None,
                provider=last.provider if last else None,
            )
        )
    return found


async def read_quality_calendar(desk: Desk, reads: QualityReads, from_: date, until: date) -> list[SessionQuality]:
    """Return the calendar's sessions from a date to before another, as far as they have opened.

    Raises InvalidRequestError for an empty range and for more than ten years.
    """
    if not from_ < until or until - from_ > LONGEST_CALENDAR:
        message = f"`from` ({from_}) must be before `until` ({until}), which is exclusive, and at most ten years away."
        raise InvalidRequestError(message)
    now = desk.clock.now()
    delay = final_delay(desk)
    # A margin, so that the first days asked for have neighbours on both sides.
    margin = timedelta(days=LATEST)
    first = from_ - margin if from_ > date.min + margin else from_
    sessions = [each for each in await reads.calendar(first, until) if each.close_at <= now]
    wanted = expected(counted(sessions))
    return [
        SessionQuality(
            session=each.session,
            final=each.close_at + delay <= now,
            settled=each.settled,
            expected=count,
            stored=each.stored,
            held=each.held,
            flagged=each.flagged,
        )
        for each, count in zip(sessions, wanted, strict=True)
        if each.session >= from_
    ]


def first_session(desk: Desk, today: date) -> date:
    """Return the first day within the provider's reach."""
    able = desk.providers.able(Dataset.BARS_DAILY)
    ability = able[0].abilities[Dataset.BARS_DAILY] if able else None
    history = ability.history if ability and ability.history is not None else NO_HISTORY
    return max(today - history, (ability.since if ability else None) or date.min)


def final_delay(desk: Desk) -> timedelta:
    """Return how long after a session's close its bars are final."""
    able = desk.providers.able(Dataset.BARS_DAILY)
    return able[0].abilities[Dataset.BARS_DAILY].final_delay if able else timedelta(0)


def counted(sessions: Sequence[SessionCount]) -> list[Counted]:
    """Return what completeness is worked out from."""
    return [
        Counted(session=each.session, settled=each.settled, stored=each.stored, missing=each.missing, held=each.held)
        for each in sessions
    ]


def age_of(last: Ingested | None, now: datetime) -> float | None:
    """Return the market time since a dataset's last answer."""
    return (now - last.known_at).total_seconds() if last else None
