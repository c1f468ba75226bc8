"""What the calls about one symbol share: is it an instrument, where its facts come from, and how an answer ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import GiveUpError
from app.domain.pipelines import StepReport
from app.domain.quality import valid_symbol
from app.domain.quotas import Outcome
from app.ports.providers import ProviderError
from app.ports.stores import Asked, Fetched
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.quality import HeldRow
    from app.ports.providers import Reply
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall


async def listed_symbol(desk: Desk, step: Step, call: FetchCall) -> str | None:
    """Return the symbol that a call is about; None when it is no instrument: then the step has ended, and cost no call.

    Raises GiveUpError when the call is not about one symbol.
    """
    [symbol, *more] = call.symbols
    if more or not valid_symbol(symbol):
        message = f"{call.subject[:40]!r} is not one symbol: {call.dataset} is asked for one at a time."
        raise GiveUpError(message)
    if await desk.listing.known([symbol]):
        return symbol
    note = f"{symbol} is no instrument here: nothing was asked"
    async with step.done(StepReport(skipped={"no instrument": 1}, notes=(note,))):
        return None


def require_same(call: FetchCall, symbol: str) -> None:
    """Raise ProviderError when an answer is about another symbol than the question."""
    if symbol != call.subject:
        message = f"{call.provider} was asked about {call.subject} and answered about {symbol[:40]}: nothing is stored."
        raise ProviderError(message, outcome=Outcome.MALFORMED)


def symbol_source(desk: Desk, step: Step, call: FetchCall, reply: Reply, held: Sequence[HeldRow]) -> Fetched:
    """Say where the facts about a symbol come from."""
    return Fetched(
        provider=call.provider,
        dataset=call.dataset,
        subject=call.subject,
        payload=reply.payload,
        known_at=desk.clock.now(),
        step=step.key,
        held=[*held, *reply.unreadable],
    )


def asked(call: FetchCall, fetched: Fetched, *, found: bool) -> Asked:
    """Say that the symbol was asked about, and whether the answer knew it."""
    return Asked(
        dataset=call.dataset,
        provider=call.provider,
        symbols=call.symbols,
        found=call.symbols if found else (),
        at=fetched.known_at,
    )


async def end_without(desk: Desk, step: Step, call: FetchCall, error: ProviderError) -> None:
    """End the step of a call that gave nothing; raise what defers or fails it.

    A symbol that the provider does not know, or not for these dates, is a miss: it is asked again after a growing wait.
    """
    if error.outcome is not Outcome.NOT_FOUND and not error.out_of_range:
        await end_refused(desk, step, call, error)
        return
    missed = Asked(dataset=call.dataset, provider=call.provider, symbols=call.symbols, found=(), at=desk.clock.now())
    async with step.done(StepReport(skipped={error.outcome.value: 1}, notes=(str(error),))) as unit:
        await desk.asks.record(unit, missed)


def report(done: int, held: int, *, found: bool = True) -> StepReport:
    """Sum up what an answer held."""
    skipped = {name: count for name, count in (("held", held), ("nothing known", 0 if found else 1)) if count}
    return StepReport(done=done, skipped=skipped)
