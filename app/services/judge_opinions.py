"""Ask a second provider about doubtful bars, within the quota, and hold the answers against what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.domain.datasets import Dataset
from app.domain.pipelines import Part, StepReport
from app.services.fetch_calls import FetchCall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from app.ports.providers import Provider
    from app.ports.quality import BarQuality, Suspect
    from app.ports.steps import Step
    from app.services.desk import Desk

# A few of the scarcest provider's calls a day (Alpha Vantage has 25).
MOST_A_DAY: Final = 6


async def plan_opinions(desk: Desk, quality: BarQuality, step: Step) -> None:
    """End the step with a call for each of the few doubtful bars that a second provider can be asked about today."""
    now = desk.clock.now()
    able = [provider for provider in desk.providers.able(Dataset.SYMBOL_BARS) if await answers(desk, provider, now)]
    suspects = await quality.suspects(now, MOST_A_DAY)
    parts: list[Part] = []
    asked: list[Suspect] = []
    for suspect in suspects:
        provider = second_provider(able, suspect, desk.today())
        if provider is not None:
            call = FetchCall(
                provider=provider.name, dataset=Dataset.SYMBOL_BARS, subject=suspect.symbol, on=desk.today(), began=now
            )
            parts.append(call.part())
            asked.append(suspect)
    left = len(suspects) - len(asked)
    notes = (f"{left} doubts that no second provider with {Dataset.SYMBOL_BARS} reaches",) if left else ()
    async with step.done(StepReport(done=len(parts), left=left, notes=notes), parts) as unit:
        await quality.asked(unit, asked, now)


async def answers(desk: Desk, provider: Provider, now: datetime) -> bool:
    """Tell whether nothing is known of a provider's refusing single symbols' bars."""
    return not any(
        refusal.dataset is Dataset.SYMBOL_BARS and refusal.through is None and refusal.ask_again > now
        for refusal in await desk.coverage.refusals(provider.allowance)
    )


def second_provider(able: Sequence[Provider], suspect: Suspect, today: date) -> Provider | None:
    """Return the first provider that is not the bar's own and goes back far enough; None when there is none."""
    for provider in able:
        history = provider.abilities[Dataset.SYMBOL_BARS].history
        if provider.name != suspect.provider and (history is None or suspect.session >= today - history):
            return provider
    return None


async def compare_opinions(
    desk: Desk, quality: BarQuality, step: Step, *, since: timedelta = timedelta(days=30)
) -> None:
    """End the step with what second opinions change: differences are flagged, doubts confirmed.

    Opinions of sessions within `since` are compared again when the stored bar has changed.
    """
    today = desk.today()
    recent = [today - timedelta(days=back) for back in range(since.days)]
    pairs = await quality.pairs(recent)
    async with step.done(StepReport(done=len(pairs))) as unit:
        await quality.compared(unit, pairs, desk.clock.now())
