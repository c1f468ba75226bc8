"""A queue a provider: its slots, the whole market's calls, then those about instruments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from app.domain.plan_items import Asker, Assignment, Due, assign, candidates, heard, own_words, part_by_askers
from app.domain.plan_market import live_refusal
from app.domain.plan_slots import Slots
from app.domain.plan_wants import NEVER_US, Tier, had_us, lateness
from app.domain.plan_words import why

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from app.domain.datasets import Dataset
    from app.domain.plan_items import ItemCall
    from app.domain.plan_market import Wanted
    from app.domain.plan_state import Capacity, PlanState
    from app.domain.plan_wants import Want

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FAR_US = 1 << 62
MOST_AHEAD = 200


class Entry(NamedTuple):
    """One call in a queue."""

    dataset: Dataset
    subject: str
    reason: str
    lateness: float = 0.0


class Queue:
    """What one provider is asked, in order.

    The first call about the whole market (the newest session) passes what open runs still have to ask; all others
    line up behind it.
    """

    def __init__(self, capacity: Capacity, state: PlanState, wanted: Sequence[Wanted]) -> None:
        """Line up the calls about the whole market."""
        self.capacity = capacity
        self.provider = capacity.provider
        self.market = [Entry(one.dataset, one.subject, one.reason) for one in wanted]
        self.items: list[Entry] = []
        slots = Slots(capacity.windows, capacity.spending, state.call_class, state.trip // MICROSECOND)
        self.market_slots = [slots.take() for _ in self.market[:1]]
        for _ in range(capacity.queued):
            slots.take()
        self.market_slots += [slots.take() for _ in self.market[1:]]
        if state.pace is not None:
            slots.narrow(state.pace)
        self.item_slots = [] if self.is_open else slots.until(state.horizon // MICROSECOND, self._most())
        # A window that opens lets many go at once: the rate alone would be late by up to its span.
        self.ahead = slots.until(FAR_US, MOST_AHEAD)

    @property
    def is_open(self) -> bool:
        """Tell whether the provider fails too often to be asked."""
        return self.capacity.breaker.state == "open"

    def _most(self) -> int:
        # One call finds out whether the provider is back.
        return 1 if self.capacity.breaker.state == "half_open" else 1 << 30

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield each call with its slot."""
        yield from zip(self.market_slots, self.market, strict=True)
        yield from zip(self.item_slots, self.items, strict=False)


Queues = list[Queue]


def open_queues(state: PlanState, wanted: Sequence[Wanted]) -> Queues:
    """Open a queue for each provider."""
    return [Queue(each, state, [one for one in wanted if one.provider == each.provider]) for each in state.providers]


def to_us(at: datetime) -> int:
    """Return an aware time in Unix microseconds."""
    return (at - EPOCH) // MICROSECOND


def askers_of(state: PlanState, queues: Queues) -> list[Asker]:
    """Return what each provider can still be asked, without what it refuses."""
    return [
        Asker(
            provider=queue.provider,
            calls=len(queue.item_slots),
            subjects={}
            if queue.is_open
            else {
                dataset: size
                for dataset, size in queue.capacity.subjects.items()
                if live_refusal(queue.capacity, dataset, state.now) is None
            },
        )
        for queue in queues
    ]


def item_calls(state: PlanState, queues: Queues) -> Assignment:
    """Give out the calls about instruments; return them, and what was due and got none."""
    askers = askers_of(state, queues)
    due: list[Due] = []
    for number, want in enumerate(state.wants):
        due += due_of(state, number, want, askers)
    assigned = assign([each for each in due if each.askers], state.wants, askers)
    return assigned._replace(left=[*assigned.left, *(each for each in due if not each.askers)])


def line_up(state: PlanState, queues: Queues, assigned: Assignment) -> None:
    """Put the calls about instruments behind those about the whole market, each with its reason."""
    for queue, calls in zip(queues, assigned.calls, strict=True):
        queue.items = [entry_of(state, call, queue.provider) for call in calls]


def due_of(state: PlanState, number: int, want: Want, askers: Sequence[Asker]) -> list[Due]:
    """Return what of a want is due now; nothing of a provider's own word when it has no key.

    What providers say whose own word is wanted beside does not count as anybody's, unless they are all that is left:
    then they are asked for anybody's word, and that is their own as well.
    """
    chain, universe = state.chains.get(want.dataset, ()), state.universe
    if not len(universe) or (want.provider is not None and want.provider not in chain):
        return []
    able = candidates(want, askers, chain)
    anybody = next((each for each in state.wants if each.dataset is want.dataset and each.provider is None), None)
    if want.provider and anybody and set(able) & set(candidates(anybody, askers, chain)):
        return []
    own = own_words(want.dataset, state.wants)
    told = heard(want, state.answers, set() if own & {askers[asker].provider for asker in able} else own)
    late = lateness(want, universe, had_us(told, len(universe)), to_us(state.now))
    busy = busy_with(state, want)
    if busy is not None:
        late = np.where(busy, 0.0, late)
    named = [(asker, state.answers.get((want.dataset, askers[asker].provider))) for asker in able]
    return part_by_askers(number, late, named, to_us(state.now))


def busy_with(state: PlanState, want: Want) -> npt.NDArray[np.bool_] | None:
    """Tell of which instruments an open run asks already."""
    subjects = [subject for dataset, subject in state.under_way if dataset == want.dataset.value]
    symbols = {symbol for subject in subjects for symbol in subject.split(",")}
    if not symbols:
        return None
    return np.fromiter((symbol in symbols for symbol in state.universe.symbols), np.bool_, len(state.universe))


def entry_of(state: PlanState, call: ItemCall, provider: str) -> Entry:
    """Say what a call is about, and why: by the same answers that its lateness comes of."""
    want = state.wants[call.want]
    own = own_words(want.dataset, state.wants)
    first = call.positions[0]
    symbols = [state.universe.symbols[position] for position in call.positions]
    told = heard(want, state.answers, set() if provider in own else own)
    asked = max((int(each.asked_us[first]) for each in told if each.misses[first] == 0), default=NEVER_US)
    tier = Tier(int(state.universe.tiers[first]))
    age = None if asked == NEVER_US else (to_us(state.now) - asked) * MICROSECOND
    reason = why(want, tier, symbols, age, call.late)
    return Entry(want.dataset, ",".join(symbols), reason, call.late)
