"""What a step does when a provider did not give what was asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.errors import GiveUpError, LaterError
from app.domain.fetch_plan import Refusal
from app.domain.pipelines import StepReport
from app.domain.quotas import Outcome
from app.ports.providers import Retry
from app.ports.stores import Asked

if TYPE_CHECKING:
    from app.ports.providers import ProviderError
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

# A plan may be upgraded: what it refused is tried again, a dataset weekly, old dates monthly.
ASK_DATASET_AGAIN = timedelta(days=7)
ASK_DATES_AGAIN = timedelta(days=30)
# A refusal of dates says how far back the plan goes only when they are old: newer ones may just not be there yet.
OLD = timedelta(days=180)


async def end_refused(desk: Desk, step: Step, call: FetchCall, error: ProviderError) -> None:
    """End the step, or raise what defers or fails it, as the retry class of the error says.

    Raises LaterError for a limit, GiveUpError for a bad key or request, and the error itself when another attempt
    may help. Everything else ends the step with the reason in its report; a refusal by the plan is remembered. What
    concerns single instruments only is a miss of theirs: they are asked about again after a growing wait.
    """
    if error.retry is Retry.LATER:
        raise LaterError(str(error), wait_s=error.wait_s) from error
    if error.outcome in {Outcome.BAD_KEY, Outcome.BAD_REQUEST}:
        raise GiveUpError(str(error)) from error
    if error.retry is Retry.AGAIN:
        raise error
    report = StepReport(skipped={error.outcome.value: 1}, left=1, notes=(str(error),))
    if not call.is_about_market and await concerns_symbols(desk, call, error):
        missed = Asked(
            dataset=call.dataset, provider=call.provider, symbols=call.symbols, found=(), at=desk.clock.now()
        )
        async with step.done(report) as unit:
            await desk.asks.record(unit, missed)
        return
    async with step.done(report) as unit:
        if error.outcome is Outcome.NOT_ENTITLED and not (error.out_of_range and desk.today() - call.day < OLD):
            now = desk.clock.now()
            refusal = Refusal(
                dataset=call.dataset,
                reason=str(error),
                ask_again=now + (ASK_DATES_AGAIN if error.out_of_range else ASK_DATASET_AGAIN),
                through=call.day if error.out_of_range else None,
            )
            provider = desk.providers.get(call.provider)
            await desk.coverage.refuse(unit, provider.allowance, refusal, now)


async def concerns_symbols(desk: Desk, call: FetchCall, error: ProviderError) -> bool:
    """Tell whether it is about these instruments: the provider has none of them, or it gave the dataset for others."""
    if error.outcome is not Outcome.NOT_ENTITLED or error.out_of_range:
        return error.outcome is not Outcome.NOT_YET_FINAL
    return await desk.planning.ever_answered(call.dataset, call.provider)
