"""A run of fetches: make the calls of its plan, and sum up what came of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError, LaterError
from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.domain.plan_breaker import judge
from app.ports.providers import ProviderError
from app.ports.stores import Asked
from app.services.fetch_actions import fetch_actions
from app.services.fetch_calls import FetchCall
from app.services.fetch_company import fetch_company
from app.services.fetch_daily_bars import fetch_daily_bars
from app.services.fetch_earnings import fetch_earnings
from app.services.fetch_news import fetch_news
from app.services.fetch_quote import fetch_quote
from app.services.fetch_symbol_bars import fetch_symbol_bars
from app.services.fetch_tickers import fetch_tickers
from app.services.plan_fetches import PlanRequest
from app.services.plan_runs import go_on

if TYPE_CHECKING:
    from app.ports.steps import Step
    from app.services.desk import Desk

# A call about instruments waits so long (market time) for its slot; then a later plan takes it up again.
PATIENCE = timedelta(minutes=30)
MOST_TRIES = 3
FETCHES = {
    Dataset.BARS_DAILY: fetch_daily_bars,
    Dataset.INSTRUMENTS: fetch_tickers,
    Dataset.SPLITS: fetch_actions,
    Dataset.DIVIDENDS: fetch_actions,
    Dataset.SYMBOL_BARS: fetch_symbol_bars,
    Dataset.PROFILES: fetch_company,
    Dataset.FUNDAMENTALS: fetch_company,
    Dataset.QUOTES: fetch_quote,
    Dataset.EARNINGS: fetch_earnings,
    Dataset.NEWS: fetch_news,
}


class BackfillArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator's backfill says: the dates `from` up to before `until`, and whether to ask again."""

    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None
    force: bool = False


def backfill_request(step: Step, datasets: frozenset[Dataset]) -> PlanRequest | None:
    """Return what a backfill asks for; None when the run was started by its cron.

    Raises GiveUpError for arguments that cannot be read.
    """
    try:
        args = msgspec.convert(dict(step.args), BackfillArgs)
    except msgspec.ValidationError as e:
        message = f"The run's arguments cannot be read: {e}. Give from and until as YYYY-MM-DD."
        raise GiveUpError(message) from None
    if args.from_ is None or args.until is None:
        return None
    return PlanRequest(datasets=datasets, window=Span(args.from_, args.until), force=args.force)


async def fetch_part(desk: Desk, step: Step) -> None:
    """Make the call that the step's arguments describe, or plan the round that they ask for.

    A call about instruments that cannot leave soon is left to a later plan: it must not hold its run open. Raises
    GiveUpError when the arguments describe no call.
    """
    if await go_on(desk, step):
        return
    try:
        call = msgspec.convert(dict(step.args), FetchCall)
    except msgspec.ValidationError as e:
        message = f"The step's arguments describe no call: {e}"
        raise GiveUpError(message) from None
    reason = await not_now(desk, call)
    if reason:
        async with step.done(StepReport(skipped={reason: 1}, left=1)):
            return
    try:
        await FETCHES[call.dataset](desk, step, call)
    except LaterError as e:
        if call.is_about_market or e.wait_s < desk.clock.machine_s(PATIENCE):
            raise
        async with step.done(StepReport(skipped={"no slot soon": 1}, left=1, notes=(str(e),))):
            return
    except ProviderError as e:
        if call.is_about_market or step.attempt < MOST_TRIES:
            raise
        await end_failing(desk, step, call, e)


async def not_now(desk: Desk, call: FetchCall) -> str:
    """Say why a call is not made after all; empty when it is. Raises LaterError when the market's call has to wait."""
    first = not call.is_about_market and call.page == 1 and not call.force
    if first and call.began and await desk.planning.asked_since(call.dataset, call.provider, call.symbols, call.began):
        return "asked meanwhile"
    breaker = judge(await desk.planning.recent(desk.providers.get(call.provider).allowance))
    if breaker.state != "open":
        return ""
    if call.is_about_market:
        message = f"{call.provider} is left alone for a while: {breaker.reason}."
        raise LaterError(message, wait_s=max(breaker.wait_s, 1.0))
    return "the provider fails"


async def end_failing(desk: Desk, step: Step, call: FetchCall, error: ProviderError) -> None:
    """End a call about instruments that failed again and again.

    While the provider answers others, it is these instruments: they wait like those of which nothing is known.
    """
    breaker = judge(await desk.planning.recent(desk.providers.get(call.provider).allowance))
    missed = Asked(dataset=call.dataset, provider=call.provider, symbols=call.symbols, found=(), at=desk.clock.now())
    async with step.done(StepReport(skipped={error.outcome.value: 1}, left=1, notes=(str(error),))) as unit:
        if breaker.state == "closed":
            await desk.asks.record(unit, missed)


async def sum_up_run(desk: Desk, step: Step) -> None:
    """End the run with the sum of what its steps stored, by dataset."""
    stored = await desk.coverage.stored_by(step.run_id)
    details: dict[str, object] = {
        dataset.value: {
            "rows": found.rows,
            "inserted": found.inserted,
            "changed": found.changed,
            "unchanged": found.unchanged,
            "held": found.held,
        }
        for dataset, found in stored
    }
    report = StepReport(done=sum(found.inserted + found.changed for _, found in stored), details=details)
    async with step.done(report):
        return
