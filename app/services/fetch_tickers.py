"""Fetch one page of a provider's list of instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import StepReport
from app.ports.providers import ProviderError, TickersPage
from app.services.fetch_calls import once_each, page_source
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall


async def fetch_tickers(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch and store a page; the next page becomes another part of the step, or the list is settled.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    provider = desk.providers.get(call.provider)
    try:
        reply = await provider.ask(TickersPage(cursor=call.cursor))
        parts = call.following(reply.cursor)
    except ProviderError as e:
        await end_refused(desk, step, call, e)
        return
    tickers, held = once_each(reply.tickers, lambda row: row.symbol)
    fetched = page_source(desk, step, call, reply, held)
    report = StepReport(done=len(tickers), skipped={"held": len(fetched.held)} if fetched.held else {})
    async with step.done(report, parts) as unit:
        await desk.instruments.store(unit, tickers, fetched)
