"""Judge what is new among the stored bars by the series rules, and flag what looks wrong; no bar is changed."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from typing import TYPE_CHECKING

from app.domain.pipelines import StepReport
from app.domain.quality_series import AHEAD, BACK, Finding, judge
from app.ports.quality import Area, Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from app.ports.clock import Clock
    from app.ports.quality import BarQuality
    from app.ports.steps import Step

# A new bar may end or begin a doubt about the session before it, and about those in which it is repeated or returned
# to; what it does to the usual moves of the sixty sessions after it is left as it was judged.
BEFORE, AFTER = 1, 5
# Sessions judged at once: memory holds these and their context, of a few hundred instruments.
SLICE = 250


async def judge_bars(clock: Clock, quality: BarQuality, step: Step) -> None:
    """Judge whatever changed since it was judged last, and end the step with what was found."""
    unjudged = await quality.unjudged()
    whole = sessions_about(unjudged.stored, unjudged.versions)
    judgements = await judged_of(clock, quality, unjudged.stored, Area(sessions=whole))
    single = sessions_about(unjudged.stored, (ex_date for _, ex_date in unjudged.instruments), is_ex_date=True)
    if single:
        area = Area(sessions=single, instruments=sorted({instrument for instrument, _ in unjudged.instruments}))
        judgements += await judged_of(clock, quality, unjudged.stored, area)
    found = [finding for judgement in judgements for finding in judgement.findings]
    report = StepReport(done=len(found), details={"sessions": len(whole), "after_actions": len(unjudged.rejudge_ids)})
    async with step.done(report) as unit:
        for judgement in judgements:
            await quality.put(unit, judgement)
        await quality.judged(unit, unjudged)


def sessions_about(stored: Sequence[date], changed: Iterable[date], *, is_ex_date: bool = False) -> list[date]:
    """Return the stored sessions that changes may concern, in order; an ex-date concerns the next session."""
    rows: set[int] = set()
    for day in changed:
        at = bisect_left(stored, day)
        if at < len(stored) and (is_ex_date or stored[at] == day):
            rows.update(range(max(0, at - BEFORE), min(len(stored), at + AFTER + 1)))
    return [stored[row] for row in sorted(rows)]


async def judged_of(clock: Clock, quality: BarQuality, stored: list[date], area: Area) -> list[Judgement]:
    """Judge an area, slice by slice, each with its context."""
    found = []
    for start in range(0, len(area.sessions), SLICE):
        tested = area.sessions[start : start + SLICE]
        first, last = bisect_left(stored, tested[0]), bisect_left(stored, tested[-1])
        context = stored[max(0, first - BACK) : last + AHEAD + 1]
        held = await quality.held(tested)
        findings: list[Finding] = []
        async for panel in quality.panels(context, area.instruments):
            findings += await asyncio.to_thread(judge, panel, tested, held)
        part = Area(sessions=tested, instruments=area.instruments)
        found.append(Judgement(area=part, findings=findings, at=clock.now()))
    return found
