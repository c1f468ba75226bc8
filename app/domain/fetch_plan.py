"""The fetch plan: gaps and allowances in, an ordered list of calls out, and a reason for everything left for later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.plan_left import deferred_items
from app.domain.plan_load import loads
from app.domain.plan_market import market_wants
from app.domain.plan_queues import item_calls, line_up, open_queues
from app.domain.plan_state import (
    Capacity,
    Deferred,
    FetchPlan,
    Load,
    PlannedCall,
    PlanState,
    Refusal,
    Sweep,
)

if TYPE_CHECKING:
    from app.domain.plan_queues import Queues

__all__ = ["Capacity", "Deferred", "FetchPlan", "Load", "PlanState", "PlannedCall", "Refusal", "Sweep", "make_plan"]


def make_plan(state: PlanState) -> FetchPlan:
    """Plan: what concerns the whole market first, then what goes from instrument to instrument, the latest first.

    Pure: the same state gives the same plan. Every gap is in a call, or deferred with a reason.
    """
    wanted, deferred = market_wants(state)
    queues = open_queues(state, wanted)
    assigned = item_calls(state, queues)
    line_up(state, queues, assigned)
    calls = planned(state, queues)
    return FetchPlan(
        made_at=state.now,
        calls=calls,
        deferred=(*deferred, *deferred_items(state, queues, assigned)),
        loads=loads(state),
        done_at=calls[-1].eta if calls else None,
        more=any(each.askers for each in assigned.left),
    )


def planned(state: PlanState, queues: Queues) -> tuple[PlannedCall, ...]:
    """Return the calls of every queue in the order in which they leave."""
    found = [
        PlannedCall(
            provider=queue.provider,
            dataset=call.dataset,
            subject=call.subject,
            reason=call.reason,
            eta=state.now + timedelta(microseconds=slot),
            in_us=slot,
            lateness=round(call.lateness, 3),
        )
        for queue in queues
        for slot, call in queue.entries()
    ]
    return tuple(sorted(found, key=lambda call: call.in_us))
