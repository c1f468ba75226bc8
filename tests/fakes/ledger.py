"""A ledger in memory: grants what it is told to, and remembers every settlement."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.quotas import (
    Allowance,
    AllowanceUsage,
    CallClass,
    CallResult,
    Denied,
    LimitHint,
    Permit,
    Spending,
)
from tests.fakes.clocks import ManualClock


class FakeLedger:
    """Answers from `denials` first, then grants."""

    def __init__(self, clock: ManualClock, denials: Sequence[Denied] = ()) -> None:
        self.clock = clock
        self.denials = list(denials)
        self.purposes: list[str] = []
        self.results: list[CallResult] = []
        self.blocks: list[tuple[int, str]] = []
        self.classes: list[CallClass] = []
        self.hints: list[LimitHint] = []
        self.times: list[datetime] = []

    async def reserve(
        self, allowance: Allowance, purpose: str, call_class: CallClass = CallClass.INTERACTIVE
    ) -> Permit | Denied:
        if self.denials:
            return self.denials.pop(0)
        self.classes.append(call_class)
        self.purposes.append(purpose)
        return Permit(call_id=len(self.purposes), allowance=allowance.id, at_us=self.clock.quota_us())

    async def settle(self, permit: Permit, result: CallResult) -> None:
        assert permit.call_id == len(self.results) + 1
        self.results.append(result)

    async def block(self, allowance: Allowance, for_us: int, why: str) -> None:
        del allowance
        self.blocks.append((for_us, why))

    async def tighten(self, allowance: Allowance, hint: LimitHint) -> int:
        del allowance
        self.hints.append(hint)
        return 0

    async def loosen(self, provider: str) -> int:
        del provider
        return 0

    async def block_all(self, why: str) -> int:
        del why
        return 0

    async def note_time(self, allowance: Allowance, provider_time: datetime) -> None:
        del allowance
        self.times.append(provider_time)

    async def prune(self, keep: timedelta, *, most: int) -> int:
        del keep, most
        return 0

    async def spending(self, allowance: Allowance) -> Spending:
        del allowance
        return Spending()

    async def usage(self, allowances: Sequence[Allowance]) -> list[AllowanceUsage]:
        del allowances
        return []
