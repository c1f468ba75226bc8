"""Delete what nobody will ask for again, a little at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.pipelines import StepReport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from app.ports.housekeeping import RunArchive
    from app.ports.quotas import Ledger

# Of each pipeline, however old; one batch is one short transaction.
LAST_RUNS = 50
BATCH = 500
# What is left then is done the next day.
MOST_BATCHES = 200


async def keep_house(ledger: Ledger, runs: RunArchive, *, calls_keep: timedelta, runs_keep: timedelta) -> StepReport:
    """Delete provider calls and pipeline runs that are older than that (machine time); report how many of each.

    The ledger keeps what still counts against a quota whatever `calls_keep` says.
    """
    calls = await in_batches(lambda: ledger.prune(calls_keep, most=BATCH))
    ended = await in_batches(lambda: runs.prune(runs_keep, last=LAST_RUNS, most=BATCH))
    return StepReport(done=calls + ended, details={"calls": calls, "runs": ended})


async def in_batches(prune: Callable[[], Awaitable[int]]) -> int:
    """Prune until nothing is left to prune, or enough is done for a day; return how many in all."""
    total = 0
    for _ in range(MOST_BATCHES):
        deleted = await prune()
        total += deleted
        if not deleted:
            break
    return total
