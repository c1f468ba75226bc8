"""Keep who is and was in which index, as far as the market's day knows, linked with the instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.domain.errors import GiveUpError
from app.domain.index_memberships import aliases, is_empty, known_by
from app.domain.market_days import market_date
from app.domain.pipelines import StepReport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.index_memberships import IndexHistory
    from app.ports.clock import Clock
    from app.ports.steps import Step
    from app.ports.stores import MembershipsIngest

# A release of the source that tells much less than is stored is more likely to be broken than right.
LEAST_SHARE: Final = 0.9
SHOWN: Final = 20


async def refresh_memberships(
    step: Step, store: MembershipsIngest, read: Callable[[], Awaitable[IndexHistory]], clock: Clock
) -> None:
    """Read the source, and store what it tells of the time up to the market's day.

    What comes later is left out, so that a replayed market of 2010 does not know who joins in 2013. `read` may take
    seconds. Raises GiveUpError when the source tells much less than is stored already.
    """
    history = await read()
    now = clock.now()
    today = market_date(now)
    known = known_by(history, today)
    told = [(member, aliases(member, history.changes, today)) for member in known]
    empty = [f"{each.index} {each.symbol} {each.joined_on}" for each in history.memberships if is_empty(each)]
    report = StepReport(
        done=len(known),
        skipped={"end when they begin": len(empty)} if empty else {},
        notes=tuple(empty[:SHOWN]),
        details={"source": history.source},
    )
    async with step.done(report) as unit:
        stored = await store.count(unit)
        if len(known) < LEAST_SHARE * stored:
            message = (
                f"{history.source} tells of {len(known)} memberships, and {stored} are stored: nothing was changed."
            )
            raise GiveUpError(message)
        await store.put(unit, told, history.source, now)
