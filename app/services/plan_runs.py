"""A run's plan: a part a call, each due when its slot is; and round after round, until the next run takes over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset  # noqa: TC001  msgspec reads annotations at run time
from app.domain.errors import LaterError
from app.domain.fetch_plan import FetchPlan, make_plan
from app.domain.pipelines import Part, StepReport
from app.domain.plan_left import soonest_due
from app.services.fetch_calls import STEP, FetchCall
from app.services.plan_fetches import PlanRequest, plan_fetches, plan_state

if TYPE_CHECKING:
    from app.ports.steps import Step
    from app.services.desk import Desk

# A step is looked at again within the hour at the latest: whatever comes later waits in line there.
LONGEST_DELAY_S = 3_500.0
MOST_NOTES = 20
# How soon to try again when another plan is being made.
TURN_S = 0.5
# A round is so long in market time, or so long in machine time where a replay's minutes fly.
ROUND = timedelta(minutes=10)
SHORTEST_ROUND_S = 5.0


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """A run that goes on asking about instruments, round after round, until a moment (market time).

    A cron tick only starts it. Ticks in step with a provider's window would find its slots taken and halve its rate.
    """

    datasets: tuple[Dataset, ...]
    until: datetime
    round: int = 1

    def part(self, delay_s: float) -> Part:
        """Return the step that plans the next round."""
        drain: dict[str, object] = msgspec.to_builtins(msgspec.structs.replace(self, round=self.round + 1))
        return Part(step=STEP, part=f"round:{self.round + 1:04}", args={"drain": drain}, delay_s=delay_s)


async def plan_run(desk: Desk, step: Step, request: PlanRequest) -> None:
    """Plan, and end the step with a part for each call.

    One plan is made at a time, with what the others have begun in view: runs may overlap and still ask nothing twice.
    Raises LaterError while another plan is being made.
    """
    async with desk.planning.turn() as is_ours:
        if not is_ours:
            raise LaterError("Another plan is being made.", wait_s=TURN_S)  # noqa: EM101, TRY003  said once
        plan = await plan_fetches(desk, request)
        async with step.done(report_of(plan), parts_of(desk, plan, force=request.force)):
            return


async def plan_round(desk: Desk, step: Step, drain: Drain) -> None:
    """Plan a round about instruments, and the next round behind it.

    A later run of the pipeline takes over: this one then only ends what it has begun. Raises LaterError while another
    plan is being made.
    """
    if not await desk.planning.is_newest(step.pipeline, step.run_id):
        async with step.done(StepReport(skipped={"a later run has taken over": 1})):
            return
    round_s = max(desk.clock.machine_s(ROUND), SHORTEST_ROUND_S)
    length = timedelta(seconds=round_s * desk.clock.speed)
    async with desk.planning.turn() as is_ours:
        if not is_ours:
            raise LaterError("Another plan is being made.", wait_s=TURN_S)  # noqa: EM101, TRY003  said once
        request = PlanRequest(datasets=frozenset(drain.datasets), horizon=length, first_sweeps=drain.round == 1)
        state = await plan_state(desk, request)
        plan = make_plan(state)
        parts = parts_of(desk, plan)
        following = state.now + length if plan.calls or plan.more else soonest_due(state)
        if following is not None and following < drain.until:
            wait_s = max(desk.clock.machine_s(following - state.now), round_s)
            parts.append(drain.part(min(wait_s, LONGEST_DELAY_S)))
        async with step.done(report_of(plan), parts):
            return


async def go_on(desk: Desk, step: Step) -> bool:
    """Plan the round that the step's arguments ask for; False when they ask for none."""
    if "drain" not in step.args:
        return False
    drain = msgspec.convert(step.args["drain"], Drain)
    if desk.clock.now() >= drain.until:
        async with step.done(StepReport(skipped={"the next run goes on": 1})):
            return True
    await plan_round(desk, step, drain)
    return True


def parts_of(desk: Desk, plan: FetchPlan, *, force: bool = False) -> list[Part]:
    """Return a step for each call, each due when its slot is."""
    on = desk.today()
    parts = []
    for call in plan.calls:
        wait = timedelta(microseconds=call.in_us)
        planned = FetchCall(
            provider=call.provider,
            dataset=call.dataset,
            subject=call.subject,
            on=on,
            force=force,
            began=plan.made_at,
        )
        parts.append(planned.part(min(desk.clock.machine_s(wait), LONGEST_DELAY_S)))
    return parts


def report_of(plan: FetchPlan) -> StepReport:
    """Sum a plan up: how many calls, and each gap that waits with its reason."""
    deferred = [
        f"{gap.dataset} {gap.subject}: {gap.reason}" + (f" (until {gap.until:%Y-%m-%d %H:%M} UTC)" if gap.until else "")
        for gap in plan.deferred
    ]
    return StepReport(
        done=len(plan.calls),
        left=sum(gap.count for gap in plan.deferred),
        notes=tuple(deferred[:MOST_NOTES]),
        details={"done_at": plan.done_at.isoformat()} if plan.done_at else {},
    )
