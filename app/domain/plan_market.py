"""What concerns the whole market: which sessions and which sweeps to ask for now, and of whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from app.domain.datasets import Dataset
from app.domain.plan_state import Capacity, Deferred, PlanState, Refusal
from app.domain.plan_words import keyless, named

if TYPE_CHECKING:
    from datetime import datetime

DAY = timedelta(days=1)
BARS = Dataset.BARS_DAILY


class Wanted(NamedTuple):
    """A call about the whole market, and who is asked; None: nobody can be."""

    dataset: Dataset
    subject: str
    reason: str
    provider: str | None


class Choice(NamedTuple):
    """Who is asked, or why nobody is, and until when that holds."""

    provider: str | None
    reason: str = ""
    until: datetime | None = None


def market_wants(state: PlanState) -> tuple[list[Wanted], list[Deferred]]:
    """Part what is missing of the whole market into calls, in order, and what is left.

    The order: the newest session, splits, dividends and reports, the other sessions newest first, lists.
    """
    sessions, deferred = sessions_wanted(state)
    due, refused = sweeps_due(state)
    order = [
        *sessions[:1],
        *(one for one in due if one.dataset is not Dataset.INSTRUMENTS),
        *sessions[1:],
        *(one for one in due if one.dataset is Dataset.INSTRUMENTS),
    ]
    nobody = without_key([one for one in order if one.provider is None])
    return [one for one in order if one.provider is not None], [*nobody, *deferred, *refused]


def without_key(wanted: list[Wanted]) -> list[Deferred]:
    """Say that nobody can be asked: the sessions in one line, since there may be two years of them."""
    days = [date.fromisoformat(one.subject) for one in wanted if one.dataset is BARS]
    found = [Deferred(dataset=BARS, subject=named(days), reason=keyless(BARS), count=len(days))] if days else []
    return [
        *found,
        *(
            Deferred(dataset=one.dataset, subject=one.subject, reason=keyless(one.dataset))
            for one in wanted
            if one.dataset is not BARS
        ),
    ]


def choose(state: PlanState, dataset: Dataset, day: date | None = None) -> Choice:
    """Return the first provider of the chain that neither refuses nor fails."""
    found = Choice(None)
    for each in state.chain(dataset):
        refusal = live_refusal(each, dataset, state.now, day)
        if refusal is not None:
            other = Choice(None, refusal.reason, refusal.ask_again)
        elif each.breaker.state == "open":
            until = state.now + timedelta(seconds=each.breaker.wait_s * state.speed)
            other = Choice(None, f"{each.provider} is left alone: {each.breaker.reason}", until)
        else:
            return Choice(each.provider)
        if not found.reason:
            found = other
    return found


def live_refusal(each: Capacity, dataset: Dataset, now: datetime, day: date | None = None) -> Refusal | None:
    """Return the refusal that holds now for a dataset, or for one of its sessions."""
    refusal = each.refusals.get(dataset)
    if refusal is None or refusal.ask_again <= now:
        return None
    if refusal.through is None or (day is not None and day <= refusal.through):
        return refusal
    return None


def sessions_wanted(state: PlanState) -> tuple[list[Wanted], list[Deferred]]:
    """Part the missing sessions into those to ask for now, newest first, and those to leave."""
    wanted: list[Wanted] = []
    busy: list[date] = []
    left: dict[tuple[str, datetime | None], list[date]] = {}
    for day in state.gaps.missing:
        if (BARS.value, day.isoformat()) in state.under_way:
            busy.append(day)
            continue
        choice = choose(state, BARS, day)
        if choice.reason:
            left.setdefault((choice.reason, choice.until), []).append(day)
        else:
            reason = f"session {day} is missing: one call for the whole market"
            wanted.append(Wanted(BARS, day.isoformat(), reason, choice.provider))
    deferred = [
        Deferred(dataset=BARS, subject=day.isoformat(), reason="the session is not final yet", until=until)
        for day, until in state.gaps.not_final
    ]
    for (reason, until), days in left.items():
        deferred.append(Deferred(dataset=BARS, subject=named(days), reason=reason, until=until, count=len(days)))
    if busy:
        reason = "an open run fetches it already"
        deferred.append(Deferred(dataset=BARS, subject=named(busy), reason=reason, count=len(busy)))
    if state.gaps.out_of_reach:
        reason, days = "older than the provider's plan goes", list(state.gaps.out_of_reach)
        deferred.append(Deferred(dataset=BARS, subject=named(days), reason=reason, count=len(days)))
    return wanted, deferred


def sweeps_due(state: PlanState) -> tuple[list[Wanted], list[Deferred]]:
    """Part the sweeps that are due into those to ask for now and those that are refused."""
    due: list[Wanted] = []
    deferred: list[Deferred] = []
    busy = {dataset for dataset, _ in state.under_way}
    for sweep in state.sweeps:
        if sweep.dataset.value in busy or (sweep.last is not None and state.today - sweep.last < sweep.every):
            continue
        choice = choose(state, sweep.dataset)
        if choice.reason:
            deferred.append(
                Deferred(dataset=sweep.dataset, subject=sweep.subject, reason=choice.reason, until=choice.until)
            )
            continue
        if sweep.last is None:
            reason = f"{sweep.dataset} were never asked for"
        else:
            age, every = (state.today - sweep.last) // DAY, sweep.every // DAY
            reason = f"{sweep.dataset} are {age} days old, wanted every {every}"
        due.append(Wanted(sweep.dataset, sweep.subject, reason, choice.provider))
    return due, deferred
