"""What the plan of instrument-wise datasets is made from, and what keeps two plans from asking the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from app.domain.plan_wants import AnswersBy, Universe  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import date, datetime

    from app.domain.datasets import Dataset
    from app.domain.plan_breaker import Recent
    from app.domain.quotas import Allowance


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """The instruments that facts are wanted of, and who was asked when about each."""

    universe: Universe
    answers: AnswersBy


class Planning(Protocol):
    """The planner's reads. Every method raises DependencyDownError when the store does not answer."""

    async def followed(self, datasets: Collection[Dataset], watchlist: Sequence[str], today: date) -> Followed:
        """Return every instrument by tier, and what was asked of these datasets."""

    async def recent(self, allowance: Allowance) -> list[Recent]:
        """Return what came of the latest calls, the newest first: as many as a circuit breaker looks at."""

    async def queued(self) -> Mapping[str, int]:
        """Return how many calls open runs will still make, by provider."""

    async def asked_since(self, dataset: Dataset, provider: str, symbols: Sequence[str], since: datetime) -> bool:
        """Tell whether a provider was asked about all of these symbols after a moment (market time)."""

    async def ever_answered(self, dataset: Dataset, provider: str) -> bool:
        """Tell whether a provider ever knew something of any instrument."""

    async def is_newest(self, pipeline: str, run_id: int) -> bool:
        """Tell whether no later run of the pipeline exists: only the newest one plans."""

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold the planner's turn; False when somebody else has it. Plans are made one after the other."""
