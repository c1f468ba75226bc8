"""Fetch one page of splits or dividends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from app.domain.actions import faults
from app.domain.datasets import Dataset
from app.domain.pipelines import StepReport
from app.domain.quality import HeldRow
from app.ports.providers import ActionsPage, ProviderError
from app.ports.stores import Sweep
from app.services.fetch_calls import once_each, page_source
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.actions import ReportedAction
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

KINDS: dict[Dataset, Literal["split", "dividend"]] = {Dataset.SPLITS: "split", Dataset.DIVIDENDS: "dividend"}


async def fetch_actions(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store a page; the next page becomes another part of the step, or the sweep is settled.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    provider = desk.providers.get(call.provider)
    try:
        reply = await provider.ask(ActionsPage(dataset=call.dataset, since=call.day, cursor=call.cursor))
        actions, held = checked(reply.actions)
        clean = call.clean and not held and not reply.unreadable
        parts = call.following(reply.cursor, clean=clean)
    except ProviderError as e:
        await end_refused(desk, step, call, e)
        return
    sweep = None
    if clean and not parts and call.began is not None:
        sweep = Sweep(kind=KINDS[call.dataset], since=call.day, began=call.began)
    fetched = page_source(desk, step, call, reply, held)
    report = StepReport(done=len(actions), skipped={"held": len(fetched.held)} if fetched.held else {})
    async with step.done(report, parts) as unit:
        await desk.actions.store(unit, actions, fetched, sweep)


def checked(actions: Sequence[ReportedAction]) -> tuple[list[ReportedAction], list[HeldRow]]:
    """Part the actions that may be stored from those that may not."""
    single, held = once_each(actions, lambda row: row.ref)
    sound = []
    for action in single:
        found = faults(action)
        if found:
            row = msgspec.to_builtins(action)
            rule = next(iter(found))
            held.append(HeldRow(symbol=action.symbol, session=action.ex_date, rule=rule, evidence=found, row=row))
        else:
            sound.append(action)
    return sound, held
