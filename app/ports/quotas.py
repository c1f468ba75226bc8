"""The quota ledger: no call leaves without a reservation that is safe on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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


class Ledger(Protocol):
    """Count calls exactly, over every process of every host, across crashes."""

    async def reserve(self, allowance: Allowance, purpose: str, call_class: CallClass = ...) -> Permit | Denied:
        """Reserve one call in every window of the allowance, or say when to ask again.

        Never inside a transaction of the caller. The permit counts from the moment before the reservation:
        send within the client's deadline or drop it (settle it as ``unsent``). Calls are interactive unless said
        otherwise.
        """

    async def settle(self, permit: Permit, result: CallResult) -> None:
        """Record the end of a call; its rest begins now. Repeating it changes nothing."""

    async def block(self, allowance: Allowance, for_us: int, why: str) -> None:
        """Grant nothing for so long (quota clock): the provider said so. Never shortens an earlier block."""

    async def tighten(self, allowance: Allowance, hint: LimitHint) -> int:
        """Obey what a reply says of a window, where that is stricter; never loosen anything.

        Returns how many calls the provider has counted that are not ours; they rest from now.
        """

    async def loosen(self, provider: str) -> int:
        """Forget the lower limits and the blocks that a provider told, and return for how many of its keys.

        Counted calls keep resting. Only the operator does this.
        """

    async def block_all(self, why: str) -> int:
        """Grant nothing of any allowance for its longest window, and return how many there are.

        For a database that may have lost calls: one restored from a backup, or a standby that took over.
        """

    async def note_time(self, allowance: Allowance, provider_time: datetime) -> None:
        """Compare a provider's clock, as it reads now, with the database server's."""

    async def prune(self, keep: timedelta, *, most: int) -> int:
        """Delete calls older than `keep` (machine time), the oldest first and `most` of each key; return how many.

        What is not older than two of the longest windows stays in any case.
        """

    async def spending(self, allowance: Allowance) -> Spending:
        """Return what rests now."""

    async def usage(self, allowances: Sequence[Allowance]) -> list[AllowanceUsage]:
        """Describe allowances for people, in the order given."""
