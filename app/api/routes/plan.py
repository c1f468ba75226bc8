"""The plan: which calls come next and why, what waits and why, and what it would be with more instruments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from app.api.deps import READ, HouseDependency
from app.domain.fetch_plan import Deferred, Load, PlannedCall
from app.domain.plan_scenario import Scenario
from app.domain.plan_wants import Tier
from app.services.simulate_plan import Forecast

TierName = Literal["watchlist", "index", "other"]
Limit = Annotated[int, QueryParameter(ge=0, le=5_000, description="How many calls at most.")]
Added = Annotated[int, QueryParameter(ge=0, le=5_000, description="How many instruments appear at the start.")]
Days = Annotated[float, QueryParameter(gt=0, le=7, description="How many days to simulate at most.")]
Failures = Annotated[float, QueryParameter(ge=0, le=0.95, description="The share of calls that bring nothing.")]
OfTier = Annotated[TierName, QueryParameter(description="How closely the added instruments are followed.")]


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """The plan as the workers would make it now; all times are market time, aware UTC.

    `calls` are the first of `calls_total`, in the order in which they leave; `deferred` is what waits, with its reason
    and until when, where that can be known. `loads` says of each provider how much of its plan is wanted. `more`: not
    everything that is due fits before the horizon.
    """

    made_at: datetime
    calls: Sequence[PlannedCall]
    calls_total: int
    deferred: Sequence[Deferred]
    loads: Sequence[Load]
    done_at: datetime | None
    more: bool


@get("/providers/plan", **READ, operation_id="getPlan", tags=["providers"], summary="Show the plan")
async def get_plan(house: HouseDependency, limit: Limit = 100) -> PlanView:
    """Return the calls to come within the hour and all about the whole market, and what waits. Asks no provider."""
    plan = await house.plan_fetches()
    return PlanView(
        made_at=plan.made_at,
        calls=plan.calls[:limit],
        calls_total=len(plan.calls),
        deferred=plan.deferred,
        loads=plan.loads,
        done_at=plan.done_at,
        more=plan.more,
    )


@get(
    "/providers/plan/simulation",
    **READ,
    operation_id="simulatePlan",
    tags=["providers"],
    summary="Simulate the plan",
)
async def simulate_plan(
    house: HouseDependency, add_symbols: Added = 0, tier: OfTier = "other", days: Days = 7.0, failures: Failures = 0.0
) -> Forecast:
    """Run the planner on virtual time from the present state on: "adding 300 symbols finishes Thursday 14:20".

    Nothing is asked and nothing is stored. With added instruments it ends when each had its first answers. Simulations
    are run one at a time.
    """
    scenario = Scenario(days=days, add_symbols=add_symbols, tier=Tier[tier.upper()], failures=failures)
    return await house.simulate_plan(scenario)


ROUTES: list[Any] = [get_plan, simulate_plan]
