"""Fetch every company's earnings reports of a range of dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.earnings import faults
from app.domain.errors import GiveUpError
from app.domain.gaps import Span
from app.domain.pipelines import StepReport
from app.domain.quality import EVIDENCE, HeldRow
from app.ports.providers import EarningsBetween, ProviderError
from app.ports.stores import Asked, Fetched
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.earnings import ReportedEarnings
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

DAY = timedelta(days=1)
# How many symbols that nobody lists a report names.
SHOWN = 10


async def fetch_earnings(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store; what the provider no longer has for these dates is ended, unless that would be many.

    The subject is ``first..last``, both included. The answer settles the days up to the market day of the plan: the
    last settled one says when the calendar was last swept. Raises LaterError when there is no slot, GiveUpError when
    it can never work, ProviderError when another attempt may.
    """
    swept = dates_of(call.subject)
    question = EarningsBetween(first=swept.start, last=swept.end - DAY)
    try:
        reply = await desk.providers.get(call.provider).ask(question)
    except ProviderError as e:
        dated = msgspec.structs.replace(call, subject=swept.start.isoformat())
        await end_refused(desk, step, dated, e)
        return
    sound, held = checked(reply.earnings)
    known = await desk.listing.known({report.symbol for report in sound})
    listed = [report for report in sound if report.symbol in known]
    held = [*held, *reply.unreadable]
    now = desk.clock.now()
    fetched = Fetched(
        provider=call.provider,
        dataset=call.dataset,
        subject=call.subject,
        payload=reply.payload,
        known_at=now,
        step=step.key,
        held=held,
        settles=Span(min(swept.start, call.on), call.on + DAY),
    )
    seen = Asked(dataset=call.dataset, provider=call.provider, symbols=sorted(known), found=known, at=now)
    async with step.done(summary(listed, held, {report.symbol for report in sound} - known)) as unit:
        await desk.earnings.store(unit, listed, fetched, None if held else swept)
        await desk.asks.record(unit, seen)


def dates_of(subject: str) -> Span:
    """Read ``first..last``; raise GiveUpError when it is not that."""
    first, _, last = subject.partition("..")
    try:
        span = Span(date.fromisoformat(first), date.fromisoformat(last) + DAY)
    except (ValueError, OverflowError):
        span = Span(date.min, date.min)
    if span.start >= span.end:
        message = f"{subject[:40]!r} is no range of dates: write 2010-05-03..2010-05-14."
        raise GiveUpError(message) from None
    return span


def checked(reports: Sequence[ReportedEarnings]) -> tuple[list[ReportedEarnings], list[HeldRow]]:
    """Part the reports that may be stored from those that may not.

    A quarter that comes twice with different facts is held each time: nobody knows which one is meant.
    """
    quarters: dict[tuple[str, int, int], list[ReportedEarnings]] = {}
    for report in reports:
        same = quarters.setdefault((report.symbol, report.fiscal_year, report.fiscal_quarter), [])
        if report not in same:
            same.append(report)
    sound, held = [], []
    for same in quarters.values():
        for report in same:
            found = {"duplicate": EVIDENCE["duplicate"]} if len(same) > 1 else faults(report)
            if found:
                held.append(hold(report, found))
            else:
                sound.append(report)
    return sound, held


def hold(report: ReportedEarnings, found: dict[str, str]) -> HeldRow:
    """Describe a report that is not stored."""
    row = msgspec.to_builtins(report)
    return HeldRow(symbol=report.symbol, session=report.report_date, rule=next(iter(found)), evidence=found, row=row)


def summary(listed: Sequence[ReportedEarnings], held: Sequence[HeldRow], unlisted: Iterable[str]) -> StepReport:
    """Sum up a sweep, and name symbols that are no instruments."""
    strangers = sorted(unlisted)
    skipped = {name: count for name, count in (("held", len(held)), ("no instrument", len(strangers))) if count}
    others = f" and {len(strangers) - SHOWN} more" if len(strangers) > SHOWN else ""
    note = f"no instruments here: {', '.join(strangers[:SHOWN])}{others}"
    return StepReport(done=len(listed), skipped=skipped, notes=(note,) if strangers else ())
