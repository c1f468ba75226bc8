"""A run of fetches: make the plan a part a call, make the calls, sum up what came of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError
from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.services.fetch_actions import fetch_actions
from app.services.fetch_calls import FetchCall
from app.services.fetch_company import fetch_company
from app.services.fetch_daily_bars import fetch_daily_bars
from app.services.fetch_earnings import fetch_earnings
from app.services.fetch_news import fetch_news
from app.services.fetch_quote import fetch_quote
from app.services.fetch_symbol_bars import fetch_symbol_bars
from app.services.fetch_tickers import fetch_tickers
from app.services.plan_fetches import PlanRequest, plan_fetches

if TYPE_CHECKING:
    from app.ports.steps import Step
    from app.services.desk import Desk

# A step is looked at again within the hour at the latest: whatever comes later waits in line there.
LONGEST_DELAY_S = 3_500.0
MOST_NOTES = 20
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


async def plan_run(desk: Desk, step: Step, request: PlanRequest) -> None:
    """Plan, and end the step with a part for each call, each due when its slot is."""
    plan = await plan_fetches(desk, request)
    on = desk.today()
    parts = []
    for call in plan.calls:
        wait = timedelta(microseconds=call.in_us)
        planned = FetchCall(
            provider=call.provider,
            dataset=call.dataset,
            subject=call.subject,
            on=on,
            force=request.force,
            began=plan.made_at,
        )
        parts.append(planned.part(min(desk.clock.machine_s(wait), LONGEST_DELAY_S)))
    deferred = [
        f"{gap.dataset} {gap.subject}: {gap.reason}" + (f" (until {gap.until:%Y-%m-%d %H:%M} UTC)" if gap.until else "")
        for gap in plan.deferred
    ]
    report = StepReport(
        done=len(parts),
        left=len(plan.deferred),
        notes=tuple(deferred[:MOST_NOTES]),
        details={"done_at": plan.done_at.isoformat()} if plan.done_at else {},
    )
    async with step.done(report, parts):
        return


async def fetch_part(desk: Desk, step: Step) -> None:
    """Make the call that the step's arguments describe; raise GiveUpError when they describe none."""
    try:
        call = msgspec.convert(dict(step.args), FetchCall)
    except msgspec.ValidationError as e:
        message = f"The step's arguments describe no call: {e}"
        raise GiveUpError(message) from None
    await FETCHES[call.dataset](desk, step, call)


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
