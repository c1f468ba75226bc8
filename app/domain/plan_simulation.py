"""The planner on virtual time: what it would do in the days to come, by the very plan and the ledger's own rule."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.domain.datasets import Dataset
from app.domain.market_days import market_date
from app.domain.plan_breaker import CLOSED
from app.domain.plan_market import market_wants
from app.domain.plan_queues import EPOCH, MICROSECOND, item_calls, open_queues, to_us
from app.domain.plan_scenario import Filled, Simulated
from app.domain.plan_virtual import NEVER, VirtualProvider
from app.domain.plan_wants import NEVER_US, Answers, Universe
from app.domain.quotas import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt

    from app.domain.plan_breaker import Breaker
    from app.domain.plan_items import ItemCall
    from app.domain.plan_queues import Entry
    from app.domain.plan_scenario import Future, Scenario
    from app.domain.plan_state import Capacity, PlanState

# What depends on prices to come is left out.
LIVE = frozenset({Dataset.QUOTES, Dataset.SYMBOL_BARS})
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
MOST_DOUBLINGS = 7
LONGEST_WAIT_DAYS = 90


class Simulation:
    """One run of a scenario; it changes only its own copies."""

    def __init__(self, start: PlanState, scenario: Scenario, futures: Sequence[Future] = ()) -> None:
        """Copy the start, and add the instruments."""
        self.scenario, self.futures = scenario, sorted(futures, key=lambda each: each.final_at)
        self.hours = [(to_us(each.open_at), to_us(each.close_at)) for each in self.futures]
        self.now_us = self.start_us = to_us(start.now)
        old = start.universe
        count = len(old) + scenario.add_symbols
        added = [f"+{number + 1}" for number in range(scenario.add_symbols)]
        self.universe = Universe(
            symbols=(*old.symbols, *added),
            tiers=np.concatenate((old.tiers, np.full(len(added), scenario.tier, np.int8))),
            holes=None if old.holes is None else np.concatenate((old.holes, np.zeros(len(added), np.bool_))),
        )
        self.fresh = np.arange(len(old) if added else 0, count)
        self.answers = {key: extended(found, count) for key, found in start.answers.items()}
        for dataset, chain in start.chains.items():
            for name in chain:
                self.answers.setdefault((dataset, name), Answers.none(count))
        self.state = start
        trip_us = scenario.trip // MICROSECOND
        self.providers = {
            each.provider: VirtualProvider(each.windows, each.spending, self.now_us, trip_us)
            for each in start.providers
        }
        self.chance = np.random.default_rng(scenario.seed)
        self.missing = list(start.gaps.missing)
        self.swept = {sweep.dataset: sweep.last for sweep in start.sweeps}
        self.market_calls = 0
        self.backfilled_us: int | None = None
        self.waits: list[int] = []

    def plan_state(self) -> PlanState:
        """Return the state at the virtual time: what the planner sees."""
        now = EPOCH + self.now_us * MICROSECOND
        while self.futures and self.futures[0].final_at <= now:
            self.missing.insert(0, self.futures.pop(0).session)
        sweeps = tuple(msgspec.structs.replace(sweep, last=self.swept[sweep.dataset]) for sweep in self.state.sweeps)
        capacities = tuple(
            msgspec.structs.replace(
                each,
                spending=self.providers[each.provider].spending(self.now_us),
                breaker=self.breaker(each),
                queued=0,
            )
            for each in self.state.providers
        )
        return msgspec.structs.replace(
            self.state,
            now=now,
            today=market_date(now),
            providers=capacities,
            gaps=msgspec.structs.replace(self.state.gaps, missing=tuple(self.missing)),
            sweeps=sweeps,
            under_way=frozenset(),
            universe=self.universe,
            answers=self.answers,
            wants=tuple(want for want in self.state.wants if want.dataset not in LIVE),
            horizon=self.scenario.round,
            trip=self.scenario.trip,
        )

    def breaker(self, capacity: Capacity) -> Breaker:
        """Return a provider's breaker: it opens no call before its time, and then the provider is well again."""
        if capacity.breaker.state != "open":
            return CLOSED
        left_s = capacity.breaker.wait_s - (self.now_us - self.start_us) / (SECOND_US * self.state.speed)
        return msgspec.structs.replace(capacity.breaker, wait_s=left_s) if left_s > 0 else CLOSED

    def step(self) -> None:
        """Plan a round, make the calls that fit into it, and go to its end."""
        state = self.plan_state()
        wanted, _ = market_wants(state)
        queues = open_queues(state, wanted)
        assigned = item_calls(state, queues)
        end_us = self.now_us + self.scenario.round // MICROSECOND
        for queue, items in zip(queues, assigned.calls, strict=True):
            provider = self.providers[queue.provider]
            arrivals = self.arrivals(end_us) if queue.provider == self.scenario.quotes else []
            count = len(queue.market) + len(items)
            made, waited = provider.run(count, self.now_us, end_us, arrivals)
            self.waits += waited
            failed = self.chance.random(len(made)) < self.scenario.failures
            for at, entry, is_lost in zip(made, queue.market, failed, strict=False):
                if not is_lost:
                    self.answer_market(entry, at)
            self.answer_items(queue.provider, state, items, made[len(queue.market) :], failed[len(queue.market) :])
        self.now_us = end_us

    def answer_market(self, entry: Entry, at_us: int) -> None:
        """Settle what a call about the whole market asked."""
        self.market_calls += 1
        if entry.dataset is Dataset.BARS_DAILY:
            self.missing.remove(date.fromisoformat(entry.subject))
            if not self.missing and self.backfilled_us is None:
                self.backfilled_us = at_us
            return
        self.swept[entry.dataset] = market_date(EPOCH + at_us * MICROSECOND)

    def answer_items(
        self,
        provider: str,
        state: PlanState,
        items: Sequence[ItemCall],
        made: Sequence[int],
        failed: npt.NDArray[np.bool_],
    ) -> None:
        """Write down what came of the calls about instruments; a few know nothing, and have to wait."""
        by_dataset: dict[Dataset, list[tuple[int, int]]] = {}
        for call, at, is_lost in zip(items, made, failed, strict=False):
            if not is_lost:
                by_dataset.setdefault(state.wants[call.want].dataset, []).extend((p, at) for p in call.positions)
        for dataset, pairs in by_dataset.items():
            answers = self.answers[dataset, provider]
            positions, times = np.array(pairs, np.int64).T
            missed = self.chance.random(positions.size) < self.scenario.no_data
            answers.asked_us[positions] = times
            answers.misses[positions] = np.where(missed, answers.misses[positions] + 1, 0)
            doubled = 1 << np.clip(answers.misses[positions] - 1, 0, MOST_DOUBLINGS).astype(np.int64)
            wait = np.minimum(doubled, LONGEST_WAIT_DAYS) * DAY_US
            answers.next_us[positions] = times + np.where(missed, wait, 0)

    def arrivals(self, end_us: int) -> list[int]:
        """Return when interactive calls arrive until a moment: evenly in each minute of a session, and in bursts."""
        found: list[int] = []
        for minute in range(self.now_us, end_us, MINUTE_US):
            place = bisect_right(self.hours, (minute, NEVER)) - 1
            if place >= 0 and minute < self.hours[place][1]:
                is_burst = minute // MINUTE_US % 60 == 0
                many = self.scenario.burst if is_burst else self.scenario.quotes_a_minute
                within_us = MINUTE_US // 3 if is_burst else MINUTE_US
                found += [minute + number * within_us // many for number in range(many)]
        return found

    def unanswered(self, dataset: Dataset) -> int:
        """Count the followed instruments that nobody was asked about."""
        asked = np.zeros(self.fresh.size, np.bool_)
        for (of, _), found in self.answers.items():
            if of is dataset:
                asked |= found.asked_us[self.fresh] != NEVER_US
        return int((self.wanted(dataset) & ~asked).sum())

    def last_us(self, dataset: Dataset) -> int:
        """Return when the last of the followed instruments was first asked about, to a round."""
        first = np.full(self.fresh.size, NEVER_US)
        for (of, _), found in self.answers.items():
            if of is dataset:
                np.maximum(first, found.asked_us[self.fresh], out=first)
        return int(first[self.wanted(dataset)].max(initial=self.start_us))

    def wanted(self, dataset: Dataset) -> npt.NDArray[np.bool_]:
        """Tell of which of the followed instruments anybody's word is wanted."""
        tiers = self.universe.tiers[self.fresh]
        wanted = np.zeros(self.fresh.size, np.bool_)
        for want in self.state.wants:
            if want.dataset is dataset and want.provider is None:
                wanted |= np.isfinite(want.period_us())[tiers]
        return wanted


def extended(found: Answers, count: int) -> Answers:
    """Return a copy with room for added instruments, of which nothing was asked."""
    none = Answers.none(count - found.misses.size)
    return Answers(
        asked_us=np.concatenate((found.asked_us, none.asked_us)),
        next_us=np.concatenate((found.next_us, none.next_us)),
        misses=np.concatenate((found.misses, none.misses)),
    )


def simulate(start: PlanState, scenario: Scenario, futures: Sequence[Future] = ()) -> Simulated:
    """Run a scenario from a state on; with added instruments, until each had its first answers. Changes nothing."""
    return run(Simulation(start, scenario, futures))


def run(simulation: Simulation) -> Simulated:
    """Run a simulation to its end."""
    scenario = simulation.scenario
    wanted = {want.dataset for want in simulation.state.wants if want.provider is None}
    asked = [dataset for dataset in sorted(wanted - LIVE) if simulation.wanted(dataset).any()]
    done: dict[Dataset, datetime] = {}
    end_us = simulation.start_us + round(scenario.days * DAY_US)
    while simulation.now_us < end_us and not (scenario.add_symbols and len(done) == len(asked)):
        simulation.step()
        for dataset in asked:
            if dataset not in done and not simulation.unanswered(dataset):
                done[dataset] = EPOCH + simulation.last_us(dataset) * MICROSECOND
    return Simulated(
        ended_at=EPOCH + simulation.now_us * MICROSECOND,
        calls={name: len(each.sent_us) for name, each in simulation.providers.items()},
        market_calls=simulation.market_calls,
        backfilled_at=None if simulation.backfilled_us is None else EPOCH + simulation.backfilled_us * MICROSECOND,
        filled=tuple(
            Filled(dataset=dataset, at=done.get(dataset), left=simulation.unanswered(dataset)) for dataset in asked
        ),
        finished=max(done.values()) if done and len(done) == len(asked) else None,
    )
