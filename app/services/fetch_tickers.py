"""Fetch one page of a provider's lists of instruments: those that are listed, and behind them those that were."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.domain.quotas import Outcome
from app.ports.providers import ProviderError, TickersPage
from app.ports.stores import Fetched, ListPage
from app.services.fetch_calls import once_each
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from app.domain.pipelines import Part
    from app.domain.quality import HeldRow
    from app.ports.providers import ListedTicker, TickersReply
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

# The subject of a call for what is no longer listed; that for what is has none.
INACTIVE: Final = "inactive"


async def fetch_tickers(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch and store a page; the next page becomes another part of the step.

    The last page of what is listed settles the sweep, and hands on the first page of what is no longer: it is asked
    for after the other, because what is missing there decides what its rows mean.
    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    active = call.subject != INACTIVE
    provider = desk.providers.get(call.provider)
    try:
        reply = await provider.ask(TickersPage(cursor=call.cursor, active=active))
        parts = following(call, reply)
    except ProviderError as e:
        if active or e.outcome is not Outcome.NOT_ENTITLED:
            await end_refused(desk, step, call, e)
            return
        # Else the list of what is traded would be taken to be refused too.
        async with step.done(StepReport(skipped={e.outcome.value: 1}, left=1, notes=(str(e),))):
            return
    tickers, held = once_each(reply.tickers, key)
    fetched = source(desk, step, call, reply, held)
    report = StepReport(done=len(tickers), skipped={"held": len(fetched.held)} if fetched.held else {})
    page = ListPage(on=call.on, active=active, last=reply.cursor is None)
    async with step.done(report, parts) as unit:
        await desk.instruments.store(unit, tickers, fetched, page)


def following(call: FetchCall, reply: TickersReply) -> list[Part]:
    """Return the next page, or after the last page of what is listed the first one of what is not."""
    parts = call.following(reply.cursor)
    if parts or call.subject == INACTIVE:
        return parts
    return [msgspec.structs.replace(call, subject=INACTIVE, page=1, cursor=None).part()]


def key(ticker: ListedTicker) -> str:
    """Name a row: what is no longer traded may have had a ticker that another had before it."""
    return ticker.symbol if ticker.active else f"{ticker.symbol} {ticker.figi} {ticker.delisted_on}"


def source(desk: Desk, step: Step, call: FetchCall, reply: TickersReply, held: list[HeldRow]) -> Fetched:
    """Say where a page's rows come from."""
    settles = call.subject != INACTIVE and reply.cursor is None
    return Fetched(
        provider=call.provider,
        dataset=call.dataset,
        subject=f"{call.subject or call.on}/{call.page}",
        payload=reply.payload,
        known_at=desk.clock.now(),
        step=step.key,
        held=[*held, *reply.unreadable],
        settles=Span(call.on, call.on + timedelta(days=1)) if settles else None,
    )
