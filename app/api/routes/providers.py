"""Providers: what each can be asked for, what its allowance is, and what was asked of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import READ, HouseDependency
from app.bootstrap import House
from app.domain.datasets import Dataset
from app.domain.fetch_plan import Refusal
from app.domain.plan_breaker import Breaker, judge
from app.domain.quotas import AllowanceUsage, WindowUsage
from app.ports.provider_calls import CallView
from app.ports.providers import Ability, Provider

Name = Annotated[str, PathParameter(max_length=64, pattern=r"^[a-z][a-z0-9_]*$", description="Name of a provider.")]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=cursors.MAX_LENGTH,
        pattern=cursors.PATTERN,
        description="`next` of the page before; none for the first page.",
    ),
]


class RefusalView(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused to this key, and when it is asked again (market time); `through`: dates up to it only."""

    reason: str
    ask_again: datetime
    through: date | None


class AbilityView(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can be asked for on its plan.

    `history_days` is how far back (null: all of it) and `since` the first day; `final_after_s` is how long after a
    session's close its data are final, and `embargo_s` how old an article must be. One call is about `companies`
    companies (0: the whole market) and counts for `calls`. `rank` 1 is asked before others; `refusal` was learnt.
    """

    dataset: Dataset
    history_days: int | None
    since: date | None
    final_after_s: float
    embargo_s: float
    companies: int
    calls: int
    rank: int
    refusal: RefusalView | None


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether background calls are made: ``open`` makes none for `wait_s` machine seconds, ``half_open`` tries one.

    `reason` says what opened it; null while it is ``closed``.
    """

    state: Literal["closed", "open", "half_open"]
    wait_s: float
    failures: int
    reason: str | None


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider now.

    In each window, `resting` calls count against `max_calls`. `next_free` is when the next call may go, and
    `blocked_until` until when the provider itself asked us to stay away; both are market time.
    `calls_last_day` counts the calls of the last 24 hours by outcome (`lost`: never settled; `elsewhere`: told by the
    provider, not made here). `breaker` leaves a failing provider alone for a while. `warning` is what the operator
    should look at.
    """

    name: str
    abilities: Sequence[AbilityView]
    windows: Sequence[WindowUsage]
    next_free: datetime
    blocked_until: datetime | None
    blocked_why: str | None
    calls_last_day: dict[str, int]
    breaker: BreakerView
    warning: str | None


class ProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """The providers that have a key."""

    items: Sequence[ProviderView]


class CallPage(msgspec.Struct, frozen=True, kw_only=True):
    """Calls, the latest first; `next` is the cursor of the next page, null on the last."""

    items: Sequence[CallView]
    next: str | None


@get("/providers", **READ, operation_id="listProviders", tags=["providers"], summary="List the providers")
async def list_providers(house: HouseDependency) -> ProviderList:
    """Return each provider that has a key, with its allowance, what is used of it, and the next free slot."""
    providers = house.providers.all()
    usages = await house.ledger.usage([provider.allowance for provider in providers])
    return ProviderList(items=[await view(house, *pair) for pair in zip(providers, usages, strict=True)])


@get("/providers/{name:str}", **READ, operation_id="getProvider", tags=["providers"], summary="Show a provider")
async def get_provider(house: HouseDependency, name: Name) -> ProviderView:
    """Return one provider with its allowance, what is used of it, and the next free slot."""
    provider = house.providers.get(name)
    [usage] = await house.ledger.usage([provider.allowance])
    return await view(house, provider, usage)


@get(
    "/providers/{name:str}/calls",
    **READ,
    operation_id="listCalls",
    tags=["providers"],
    summary="List the calls to a provider",
)
async def list_calls(house: HouseDependency, name: Name, limit: Limit = 50, cursor: Cursor = None) -> CallPage:
    """Return the calls that were made to a provider, the latest first."""
    allowance = house.providers.get(name).allowance.id
    before = cursors.decode(cursor, tuple[int])[0] if cursor else None
    found = await house.calls.calls(allowance, before_id=before, limit=limit + 1)
    calls = found[:limit]
    return CallPage(items=calls, next=cursors.encode(calls[-1].id) if len(found) > limit else None)


async def view(house: House, provider: Provider, usage: AllowanceUsage) -> ProviderView:
    """Put a provider, its allowance and what it refused together; the allowance's id stays inside."""
    refusals = {refusal.dataset: refusal for refusal in await house.coverage.refusals(provider.allowance)}
    return ProviderView(
        name=provider.name,
        abilities=[
            ability_view(house, provider, ability, refusals.get(ability.dataset))
            for ability in provider.abilities.values()
        ],
        windows=usage.windows,
        next_free=usage.next_free,
        blocked_until=usage.blocked_until,
        blocked_why=usage.blocked_why,
        calls_last_day=usage.calls_last_day,
        breaker=breaker_view(judge(await house.desk.planning.recent(provider.allowance))),
        warning=usage.warning,
    )


def ability_view(house: House, provider: Provider, ability: Ability, refusal: Refusal | None) -> AbilityView:
    """Show an ability, its place among those who have it too, and what was refused of it."""
    able = [one.name for one in house.providers.able(ability.dataset)]
    return AbilityView(
        dataset=ability.dataset,
        history_days=ability.history.days if ability.history is not None else None,
        since=ability.since,
        final_after_s=ability.final_delay.total_seconds(),
        embargo_s=ability.embargo.total_seconds(),
        companies=ability.subjects,
        calls=ability.cost,
        rank=able.index(provider.name) + 1,
        refusal=refused(refusal) if refusal else None,
    )


def breaker_view(breaker: Breaker) -> BreakerView:
    """Show a circuit breaker."""
    return BreakerView(
        state=breaker.state,
        wait_s=breaker.wait_s,
        failures=breaker.failures,
        reason=None if breaker.state == "closed" else breaker.reason,
    )


def refused(refusal: Refusal) -> RefusalView:
    """Show a refusal."""
    return RefusalView(reason=refusal.reason, ask_again=refusal.ask_again, through=refusal.through)


ROUTES: list[Any] = [list_providers, get_provider, list_calls]
