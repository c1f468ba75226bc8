"""The quota ledger: no call leaves without a reservation that is safe on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.quotas import Allowance, AllowanceUsage, CallResult, Denied, Permit, Spending


class Ledger(Protocol):
    """Count calls exactly, over every process of this machine, across crashes."""

    async def reserve(self, allowance: Allowance, purpose: str) -> Permit | Denied:
        """Reserve one call in every window of the allowance, or say when to ask again.

        Never inside a transaction of the caller. The permit counts from the moment before the reservation:
        send within the client's deadline or drop it (settle it as ``unsent``).
        """

    async def settle(self, permit: Permit, result: CallResult) -> None:
        """Record the end of a call; its rest begins now. Repeating it changes nothing."""

    async def block(self, allowance: Allowance, for_us: int, why: str) -> None:
        """Grant nothing for so long (quota clock): the provider said so. Never shortens an earlier block."""

    async def spending(self, allowance: Allowance) -> Spending:
        """Return what rests now."""

    async def usage(self, allowances: Sequence[Allowance]) -> list[AllowanceUsage]:
        """Describe allowances for people, in the order given."""
