"""Fetch the whole market's bars of one session, check them, and store them with the step's end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain import quality
from app.domain.datasets import Dataset
from app.domain.gaps import covers, settled_by
from app.domain.pipelines import StepReport
from app.domain.sessions import US_EQUITIES
from app.ports.providers import BarsOfDay, ProviderError
from app.ports.stores import Fetched
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from datetime import date

    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

NEIGHBOURS = 10
# A short answer that comes again so much later, with about as many rows, is taken to be the whole truth.
CONFIRMED_AFTER = timedelta(hours=20)
SAME_SHARE = 0.02


async def fetch_daily_bars(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store one session.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    dataset = Dataset.BARS_DAILY
    if not call.force and covers(await desk.coverage.settled(dataset), call.day):
        async with step.done(StepReport(skipped={"answered meanwhile": 1})):
            return
    provider = desk.providers.get(call.provider)
    try:
        reply = await provider.ask(BarsOfDay(session=call.day))
    except ProviderError as e:
        await end_refused(desk, step, call, e)
        return
    bars, held = quality.check(reply.bars)
    held = [*held, *reply.unreadable]
    shortfall = await short(desk, call.day, len(bars))
    following = await desk.sessions.following(US_EQUITIES, call.day)
    fetched = Fetched(
        provider=provider.name,
        dataset=dataset,
        subject=call.day.isoformat(),
        payload=reply.payload,
        known_at=desk.clock.now(),
        step=step.key,
        held=held,
        settles=None if shortfall else settled_by(call.day, following),
    )
    report = StepReport(
        done=len(bars),
        skipped={"held": len(held)} if held else {},
        left=1 if shortfall else 0,
        notes=(shortfall,) if shortfall else (),
    )
    async with step.done(report) as unit:
        await desk.bars.store(unit, bars, fetched)


async def short(desk: Desk, session: date, rows: int) -> str:
    """Say why a reply is too short to be the whole market; empty when it is not, or when it came before."""
    expected = quality.expected_rows(await desk.coverage.neighbours(Dataset.BARS_DAILY, session, NEIGHBOURS))
    if rows >= expected:
        return ""
    since = desk.clock.now() - CONFIRMED_AFTER
    for earlier in await desk.coverage.earlier(Dataset.BARS_DAILY, session):
        if earlier.known_at <= since and abs(earlier.rows - rows) <= SAME_SHARE * max(earlier.rows, rows):
            return ""
    return f"{session} has {rows} sound rows and at least {expected} were expected: it stays a gap and is asked again"
