"""Plan whose news to ask for: those whom each provider was not asked about for longest, within what is free now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.pipelines import StepReport
from app.domain.quotas import next_slots
from app.services.fetch_calls import FetchCall

if TYPE_CHECKING:
    from app.domain.pipelines import Part
    from app.ports.providers import Provider
    from app.ports.steps import Step
    from app.services.desk import Desk

PERIOD = timedelta(hours=12)
# Slots that open later are for what is due then.
WITHIN = timedelta(minutes=30)
# Two sources see more than one; more would spend what other datasets need.
MOST_PROVIDERS = 2
MOST_CALLS = 300
# Of the slots of a provider that gives other datasets too.
SHARE = 5


async def plan_news(desk: Desk, step: Step) -> None:
    """Plan, and end the step with a part for each call, each due when its slot is."""
    able = desk.providers.able(Dataset.NEWS)
    notes = [] if able else ["no provider of news has a key"]
    under_way = await desk.coverage.under_way()
    used = 0
    parts: dict[str, Part] = {}
    for provider in able:
        reason = await why_not(desk, provider, under_way)
        slots = [] if reason else await free_slots(desk, provider)
        if not slots:
            notes.append(f"{provider.name}: {reason or 'no slot is free soon'}")
            continue
        busy = {symbol for dataset, subject in under_way if dataset == Dataset.NEWS for symbol in subject.split(",")}
        for part in await parts_for(desk, provider, slots, busy):
            parts.setdefault(part.part, part)
        used += 1
        if used == MOST_PROVIDERS:
            break
    async with step.done(StepReport(done=len(parts), notes=tuple(notes)), list(parts.values())):
        return


async def why_not(desk: Desk, provider: Provider, under_way: frozenset[tuple[str, str]]) -> str | None:
    """Say why a provider is not asked now; None when it may be."""
    now = desk.clock.now()
    for refusal in await desk.coverage.refusals(provider.allowance):
        if refusal.dataset is Dataset.NEWS and refusal.ask_again > now:
            return refusal.reason
    if Dataset.BARS_DAILY in provider.abilities and any(dataset == Dataset.BARS_DAILY for dataset, _ in under_way):
        return "daily bars come first"
    return None


async def free_slots(desk: Desk, provider: Provider) -> list[int]:
    """Return when a provider's next calls may go, in microseconds from now: a fifth of them where it gives more."""
    spending = await desk.ledger.spending(provider.allowance)
    soon_us = WITHIN // timedelta(microseconds=1)
    slots = [at for at in next_slots(provider.allowance.windows, spending, MOST_CALLS * SHARE) if at <= soon_us]
    shared = len(provider.abilities) > 1
    return slots[::SHARE][:MOST_CALLS] if shared else slots[:MOST_CALLS]


async def parts_for(desk: Desk, provider: Provider, slots: list[int], busy: set[str]) -> list[Part]:
    """Return the steps of the calls about who is due, as many a call as the provider takes."""
    now, each = desk.clock.now(), max(1, provider.abilities[Dataset.NEWS].subjects)
    most = len(slots) * each + len(busy)
    due = await desk.news_subjects.due(provider.name, now - PERIOD, now, most)
    symbols = [symbol for symbol in due if symbol not in busy and "," not in symbol][: len(slots) * each]
    groups = [symbols[at : at + each] for at in range(0, len(symbols), each)]
    return [
        FetchCall(
            provider=provider.name, dataset=Dataset.NEWS, subject=",".join(group), on=desk.today(), began=now
        ).part(desk.clock.machine_s(timedelta(microseconds=slot)))
        for group, slot in zip(groups, slots, strict=False)
    ]
