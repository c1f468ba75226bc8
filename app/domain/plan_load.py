"""How much of each provider's plan is wanted: one number that says whether all can be as fresh as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.domain.datasets import WHOLE_MARKET, Dataset
from app.domain.plan_items import Asker, candidates
from app.domain.plan_market import live_refusal
from app.domain.plan_slots import per_second
from app.domain.plan_state import Load
from app.domain.plan_wants import DAY, TIERS

if TYPE_CHECKING:
    from app.domain.plan_state import Capacity, PlanState
    from app.domain.plan_wants import Want

DAY_S = 86_400
# Five sessions in seven days, a call each.
SESSIONS_A_DAY = 5 / 7
# Few, and only in the hours of a session or where a bar is missing.
APART = frozenset({Dataset.QUOTES, Dataset.SYMBOL_BARS})


def loads(state: PlanState) -> tuple[Load, ...]:
    """Return each provider's load, in the order given. What any of several can be asked counts for the first."""
    askers = [
        Asker(
            provider=each.provider,
            calls=1,
            subjects={d: n for d, n in each.subjects.items() if live_refusal(each, d, state.now) is None},
        )
        for each in state.providers
    ]
    wanted = dict.fromkeys((each.provider for each in state.providers), 0.0)
    for want in state.wants:
        chain = state.chains.get(want.dataset, ())
        able = candidates(want, askers, chain) if want.dataset not in APART else ()
        if able:
            first = askers[able[0]]
            wanted[first.provider] += calls_a_day(want, state) / max(first.subjects[want.dataset], 1)
    for each in state.providers:
        wanted[each.provider] += market_calls_a_day(each, state)
    return tuple(load_of(each, wanted[each.provider], state) for each in state.providers)


def calls_a_day(want: Want, state: PlanState) -> float:
    """Return how many instruments a day a want asks about."""
    counts = np.bincount(state.universe.tiers, minlength=len(TIERS)) if len(state.universe) else np.zeros(len(TIERS))
    return float(sum(counts[tier] * (DAY / period) for tier, period in zip(TIERS, want.periods, strict=True) if period))


def market_calls_a_day(each: Capacity, state: PlanState) -> float:
    """Return how many calls a day the whole market takes of the provider that is asked first; further pages apart."""
    first = {dataset for dataset in WHOLE_MARKET if state.chains.get(dataset, ())[:1] == (each.provider,)}
    bars = SESSIONS_A_DAY if Dataset.BARS_DAILY in first else 0.0
    return bars + sum(DAY / sweep.every for sweep in state.sweeps if sweep.dataset in first and sweep.every)


def load_of(each: Capacity, wanted: float, state: PlanState) -> Load:
    """Put what is wanted beside what is allowed, in numbers and in words."""
    allowed = per_second(each.windows, state.call_class) * DAY_S
    share = wanted / allowed
    text = f"{each.provider} is asked for {share:.2f} of its share ({wanted:,.0f} of {allowed:,.0f} calls a day)"
    if share > 1:
        text += f": everything it is asked for comes {share:.1f} times as late as wanted"
    return Load(
        provider=each.provider,
        wanted_per_day=round(wanted, 1),
        allowed_per_day=round(allowed, 1),
        share=round(share, 4),
        text=text,
    )
