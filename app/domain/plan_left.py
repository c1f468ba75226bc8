"""What is due of instruments and gets no call now: how much, why, and until when."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from app.domain.plan_items import heard
from app.domain.plan_market import choose
from app.domain.plan_queues import EPOCH, MICROSECOND, busy_with, to_us
from app.domain.plan_slots import per_second
from app.domain.plan_state import Deferred
from app.domain.plan_wants import DAY, TIERS, Tier, had_us, lateness
from app.domain.plan_words import TIER_WORDS, counted, keyless

if TYPE_CHECKING:
    import numpy.typing as npt

    from app.domain.plan_items import Assignment, Due, Ints
    from app.domain.plan_queues import Queue, Queues
    from app.domain.plan_state import PlanState

# Further ahead the world will be another one.
FURTHEST = 7 * DAY


def deferred_items(state: PlanState, queues: Queues, assigned: Assignment) -> list[Deferred]:
    """Return a line for each dataset, tier and reason."""
    found = [line for each in assigned.left if each.askers for line in in_turn(state, queues, assigned.left, each)]
    for each in assigned.left:
        if not each.askers:
            found += unanswerable(state, each)
    for want in state.wants:
        busy = busy_with(state, want) if want.provider is None else None
        if busy is not None and busy.any():
            subject, reason = counted(int(busy.sum()), "instrument"), "an open run asks already"
            found.append(Deferred(dataset=want.dataset, subject=subject, reason=reason, count=int(busy.sum())))
    return found


def by_tier(state: PlanState, positions: Ints) -> list[tuple[Tier, Ints]]:
    """Part positions by tier; give the places within the list."""
    tiers = state.universe.tiers[positions]
    return [(tier, places) for tier in TIERS if (places := np.flatnonzero(tiers == tier)).size]


def subject_of(state: PlanState, positions: Ints, tier: Tier) -> str:
    """Name instruments: a few by symbol, many by number."""
    if positions.size == 1:
        return state.universe.symbols[int(positions[0])]
    return f"{counted(int(positions.size), 'instrument')} of {TIER_WORDS[tier]}"


def in_turn(state: PlanState, queues: Queues, left: list[Due], each: Due) -> list[Deferred]:
    """Say of what is due when its turn comes: by its place in the provider's queue, at the provider's rate."""
    want, queue = state.wants[each.want], queues[each.askers[0]]
    turns = turns_of(state, queue, left, each)
    lines = []
    for tier, places in by_tier(state, each.positions):
        until = eta(state, queue, math.ceil(float(turns[places].max())))
        lines.append(
            Deferred(
                dataset=want.dataset,
                subject=subject_of(state, each.positions[places], tier),
                reason=why_waiting(queue, until, want.provider),
                until=until,
                count=int(places.size),
            )
        )
    return lines


def turns_of(state: PlanState, queue: Queue, left: list[Due], each: Due) -> npt.NDArray[np.float64]:
    """Return for each position which call of the provider it is: the latest first, equals in the order of the wants."""
    line = [other for other in left if other.askers and other.askers[0] == each.askers[0]]
    share = [1 / max(queue.capacity.subjects.get(state.wants[other.want].dataset, 1), 1) for other in line]
    late = np.concatenate([other.late for other in line])
    order = np.argsort(-late, kind="stable")
    turns = np.empty(late.size)
    turns[order] = np.cumsum(np.repeat(share, [other.late.size for other in line])[order])
    begin = sum(other.late.size for other in line[: next(n for n, other in enumerate(line) if other is each)])
    return turns[begin : begin + each.late.size]


def why_waiting(queue: Queue, until: datetime | None, whose: str | None) -> str:
    """Say why something waits in line."""
    name = f"{queue.provider}'s own word" if whose else queue.provider
    if not queue.item_slots and not queue.market and not queue.capacity.queued:
        reason = f"{name}: no allowance is left until its window opens"
    elif not queue.item_slots:
        reason = f"{name}: the whole market's calls and what is under way come first"
    else:
        reason = f"{name}: what is later comes first"
    return reason if until else f"{reason}; that is more than {FURTHEST // DAY} days away"


def eta(state: PlanState, queue: Queue, turn: int) -> datetime | None:
    """Return when the n-th call after the planned ones leaves; None when that is far away.

    By the windows as they stand, and by the provider's rate where that would be too long a line.
    """
    windows = [*queue.capacity.windows, *([state.pace] if state.pace else [])]
    known = min(turn, len(queue.ahead))
    beyond = timedelta(seconds=(turn - known) / per_second(windows, state.call_class))
    wait = timedelta(microseconds=queue.ahead[known - 1]) + beyond
    return state.now + wait if wait <= FURTHEST else None


def unanswerable(state: PlanState, each: Due) -> list[Deferred]:
    """Say why nobody can be asked: nobody has a key, all refuse or fail, or whoever was asked knew nothing of it."""
    want = state.wants[each.want]
    choice = choose(state, want.dataset)
    chain = [name for name in state.chains.get(want.dataset, ()) if want.provider in {None, name}]
    told = [found for name in chain if (found := state.answers.get((want.dataset, name))) is not None]
    lines = []
    for tier, places in by_tier(state, each.positions):
        positions = each.positions[places]
        until, reason = choice.until, choice.reason or keyless(want.dataset)
        opens = [found.next_us[positions] for found in told if bool((found.misses[positions] > 0).all())]
        if opens and not choice.reason:
            earliest = int(np.min(opens))
            reason, until = "nothing was known of it: asked again after a growing wait", EPOCH + earliest * MICROSECOND
            until = until if earliest > to_us(state.now) else None
        lines.append(
            Deferred(
                dataset=want.dataset,
                subject=subject_of(state, positions, tier),
                reason=reason,
                until=until,
                count=int(places.size),
            )
        )
    return lines


def soonest_due(state: PlanState) -> datetime | None:
    """Return when something about instruments becomes due next; None when nothing is wanted of any."""
    found = np.inf
    now_us = to_us(state.now)
    for want in state.wants:
        if want.provider is not None and want.provider not in state.chains.get(want.dataset, ()):
            continue
        late = lateness(want, state.universe, had_us(heard(want, state.answers, set()), len(state.universe)), now_us)
        waiting = (late > 0) & (late < 1)
        if waiting.any():
            period = want.period_us()[state.universe.tiers[waiting]]
            found = min(found, float(((1 - late[waiting]) * period).min()))
    return None if np.isinf(found) else state.now + timedelta(microseconds=found)
