"""How a call for news ends that gave nothing: as a line of the report, never as a run that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import LaterError
from app.domain.pipelines import StepReport
from app.domain.quotas import Outcome
from app.ports.providers import ProviderError, Retry
from app.ports.stores import Asked
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

# Whoever waits longer is planned anew by a later run, with what is news by then.
MOST_PATIENCE_S = 600.0
MOST_ATTEMPTS = 3


async def end_without_news(desk: Desk, step: Step, call: FetchCall, error: ProviderError | LaterError) -> None:
    """End the step of a call that gave nothing, or raise what defers it.

    Raises LaterError when a slot is free within minutes, the error itself while another attempt may help. A company
    that the provider does not know is a miss: it is asked about again after a growing wait.
    """
    if isinstance(error, LaterError) or error.retry is Retry.LATER:
        if error.wait_s <= MOST_PATIENCE_S:
            raise error if isinstance(error, LaterError) else LaterError(str(error), wait_s=error.wait_s)
        await end(step, "later", error)
    elif error.outcome is Outcome.NOT_ENTITLED and not error.out_of_range:
        await end_refused(desk, step, call, error)
    elif error.outcome is Outcome.NOT_FOUND or error.out_of_range:
        missed = Asked(
            dataset=call.dataset, provider=call.provider, symbols=call.symbols, found=(), at=desk.clock.now()
        )
        async with step.done(StepReport(skipped={error.outcome.value: 1}, notes=(str(error),))) as unit:
            await desk.asks.record(unit, missed)
    elif error.retry is Retry.AGAIN and step.attempt < MOST_ATTEMPTS:
        raise error
    else:
        await end(step, error.outcome.value, error)


async def end(step: Step, why: str, error: ProviderError | LaterError) -> None:
    """End the step; a later run plans the company again."""
    async with step.done(StepReport(skipped={why: 1}, left=1, notes=(str(error),))):
        return
