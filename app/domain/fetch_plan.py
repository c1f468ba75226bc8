"""The fetch plan: gaps and allowance in, an ordered list of calls out, and a reason for everything left for later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003  msgspec reads annotations at run time
from datetime import date, datetime, timedelta

import msgspec

from app.domain.datasets import Dataset
from app.domain.gaps import Gaps
from app.domain.quotas import Spending, Window, next_slots

DAY = timedelta(days=1)


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that is asked for as a whole, page by page.

    `last` is the market day of the last whole sweep; it is wanted again `every` so many days. `since` is the first
    date to ask for, where the dataset has dates.
    """

    dataset: Dataset
    last: date | None
    every: timedelta
    since: date | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider refused, and when it is worth asking again; `through` refuses sessions up to that date only."""

    dataset: Dataset
    reason: str
    ask_again: datetime
    through: date | None = None


class PlanState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the plan is made from. `provider` is None when none has a key.

    `under_way` holds the (dataset, subject) of what open runs fetch already.
    """

    now: datetime
    today: date
    provider: str | None
    windows: tuple[Window, ...] = ()
    spending: Spending = Spending()
    gaps: Gaps = Gaps()
    sweeps: tuple[Sweep, ...] = ()
    refusals: Mapping[Dataset, Refusal] = {}
    under_way: frozenset[tuple[str, str]] = frozenset()


class PlannedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what for, why, and when it can leave (market time; `in_us` of the quota clock from now).

    `subject` is a session, or the first date of a sweep (empty: all of it). A sweep's further pages follow it.
    """

    provider: str
    dataset: Dataset
    subject: str
    reason: str
    eta: datetime
    in_us: int


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """A gap that is not asked for now: `subject` names one or more sessions, `until` when that may change."""

    dataset: Dataset
    subject: str
    reason: str
    until: datetime | None = None


class FetchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The calls in the order in which they leave, and what is left for later. `done_at` is the last call's time."""

    made_at: datetime
    provider: str | None
    calls: tuple[PlannedCall, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    done_at: datetime | None = None


def make_plan(state: PlanState) -> FetchPlan:
    """Plan: the newest session, corporate actions, the other sessions newest first, then the list of instruments.

    Pure: the same state gives the same plan.
    """
    wanted, deferred = sessions_wanted(state)
    due, refused = sweeps_due(state)
    if state.provider is None:
        return FetchPlan(made_at=state.now, provider=None, deferred=(*keyless(wanted, due), *deferred, *refused))
    actions = [item for item in due if item[0] is not Dataset.INSTRUMENTS]
    lists = [item for item in due if item[0] is Dataset.INSTRUMENTS]
    order = [*wanted[:1], *actions, *wanted[1:], *lists]
    slots = next_slots(state.windows, expected(state.spending), len(order))
    calls = tuple(
        PlannedCall(
            provider=state.provider,
            dataset=dataset,
            subject=subject,
            reason=reason,
            eta=state.now + timedelta(microseconds=slot),
            in_us=slot,
        )
        for (dataset, subject, reason), slot in zip(order, slots, strict=True)
    )
    return FetchPlan(
        made_at=state.now,
        provider=state.provider,
        calls=calls,
        deferred=(*deferred, *refused),
        done_at=calls[-1].eta if calls else None,
    )


def expected(spending: Spending) -> Spending:
    """Return the spending as it will most likely be: calls in flight come back now, not at the end of their hold."""
    return msgspec.structs.replace(spending, lates_us=tuple(min(late, 0) for late in spending.lates_us))


Wanted = tuple[Dataset, str, str]


def keyless(sessions: Sequence[Wanted], others: Sequence[Wanted]) -> list[Deferred]:
    """Say that nobody can be asked: the sessions in one line, since there may be two years of them."""
    reason = "no provider of this dataset has a key: set POLYGON_API_KEY"
    days = [date.fromisoformat(subject) for _, subject, _ in sessions]
    found = [Deferred(dataset=Dataset.BARS_DAILY, subject=named(days), reason=reason)] if days else []
    return [*found, *(Deferred(dataset=dataset, subject=subject, reason=reason) for dataset, subject, _ in others)]


def sessions_wanted(state: PlanState) -> tuple[list[Wanted], list[Deferred]]:
    """Part the missing sessions into those to ask for now, newest first, and those to leave."""
    bars = Dataset.BARS_DAILY
    refusal = state.refusals.get(bars)
    live = refusal if refusal and refusal.ask_again > state.now else None
    wanted: list[Wanted] = []
    busy: list[date] = []
    refused: list[date] = []
    for day in state.gaps.missing:
        if live and (live.through is None or day <= live.through):
            refused.append(day)
        elif (bars.value, day.isoformat()) in state.under_way:
            busy.append(day)
        else:
            wanted.append((bars, day.isoformat(), f"session {day} is missing: one call for the whole market"))
    deferred = [
        Deferred(dataset=bars, subject=day.isoformat(), reason="the session is not final yet", until=until)
        for day, until in state.gaps.not_final
    ]
    if refused and live:
        deferred.append(Deferred(dataset=bars, subject=named(refused), reason=live.reason, until=live.ask_again))
    if busy:
        deferred.append(Deferred(dataset=bars, subject=named(busy), reason="an open run fetches it already"))
    if state.gaps.out_of_reach:
        reason = "older than the provider's plan goes"
        deferred.append(Deferred(dataset=bars, subject=named(state.gaps.out_of_reach), reason=reason))
    return wanted, deferred


def sweeps_due(state: PlanState) -> tuple[list[Wanted], list[Deferred]]:
    """Part the sweeps that are due into those to ask for now and those that were refused."""
    due: list[Wanted] = []
    deferred: list[Deferred] = []
    busy = {dataset for dataset, _ in state.under_way}
    for sweep in state.sweeps:
        if sweep.dataset.value in busy or (sweep.last is not None and state.today - sweep.last < sweep.every):
            continue
        subject = sweep.since.isoformat() if sweep.since else ""
        refusal = state.refusals.get(sweep.dataset)
        if refusal and refusal.ask_again > state.now:
            deferred.append(
                Deferred(dataset=sweep.dataset, subject=subject, reason=refusal.reason, until=refusal.ask_again)
            )
        elif sweep.last is None:
            due.append((sweep.dataset, subject, f"{sweep.dataset} were never asked for"))
        else:
            age, every = (state.today - sweep.last) // DAY, sweep.every // DAY
            due.append((sweep.dataset, subject, f"{sweep.dataset} are {age} days old, wanted every {every}"))
    return due, deferred


def named(days: Sequence[date]) -> str:
    """Name a set of sessions in few words."""
    if len(days) == 1:
        return days[0].isoformat()
    return f"{min(days)} to {max(days)} ({len(days)} sessions)"
