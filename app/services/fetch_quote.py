"""Fetch what a provider says that a share costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.domain.quality import HeldRow
from app.domain.quotes import faults
from app.ports.providers import ProviderError, QuoteOf
from app.services.one_symbol import asked, end_without, listed_symbol, report, require_same, symbol_source

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.quotes import ReportedQuote
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall


async def fetch_quote(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store one quote.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    symbol = await listed_symbol(desk, step, call)
    if symbol is None:
        return
    try:
        reply = await desk.providers.get(call.provider).ask(QuoteOf(symbol=symbol))
        if reply.quote is not None:
            require_same(call, reply.quote.symbol)
    except ProviderError as e:
        await end_without(desk, step, call, e)
        return
    sound, held = checked(reply.quote, desk.clock.now())
    fetched = symbol_source(desk, step, call, reply, held)
    found = reply.quote is not None
    async with step.done(report(len(sound), len(fetched.held), found=found)) as unit:
        await desk.quotes.store(unit, sound, fetched)
        await desk.asks.record(unit, asked(call, fetched, found=found))


def checked(quote: ReportedQuote | None, now: datetime) -> tuple[list[ReportedQuote], list[HeldRow]]:
    """Return the quote when it may be stored, else the row that is held back."""
    if quote is None:
        return [], []
    found = faults(quote, now)
    if not found:
        return [quote], []
    rule = next(iter(found))
    row = msgspec.to_builtins(quote)
    return [], [HeldRow(symbol=quote.symbol, session=None, rule=rule, evidence=found, row=row)]
