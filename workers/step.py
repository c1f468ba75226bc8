"""A claimed step as its function sees it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from app.bootstrap import House
    from app.domain.pipelines import Part, StepReport
    from app.ports.steps import Claim, Hint, UnitOfWork
    from workers.held import Hold
    from workers.pipelines import Pipeline


class HeldStep:
    """The `app.ports.steps.Step` of a claim. `hold` is set once its task runs."""

    def __init__(self, claim: Claim, pipeline: Pipeline, house: House) -> None:
        """Wrap a claim."""
        self.claim = claim
        self.hold: Hold | None = None
        self.is_done = False
        self.hints: list[Hint] = []
        self._pipeline = pipeline
        self._house = house

    @property
    def run_id(self) -> int:
        """Number of the run."""
        return self.claim.run_id

    @property
    def pipeline(self) -> str:
        """Name of the pipeline."""
        return self.claim.pipeline

    @property
    def window(self) -> str:
        """What the run is about."""
        return self.claim.window

    @property
    def name(self) -> str:
        """Name of the step."""
        return self.claim.step

    @property
    def part(self) -> str:
        """Which part of a fanned-out step; empty otherwise."""
        return self.claim.part

    @property
    def attempt(self) -> int:
        """Which attempt this is."""
        return self.claim.attempt

    @property
    def key(self) -> str:
        """Return ``run/step/part``."""
        return f"{self.claim.run_id}/{self.claim.step}/{self.claim.part}"

    @property
    def args(self) -> Mapping[str, object]:
        """Arguments of the run, overlaid by those of the part."""
        return self.claim.args

    @asynccontextmanager
    async def done(self, report: StepReport, parts: Sequence[Part] = ()) -> AsyncIterator[UnitOfWork]:
        """Open the transaction of the effects and the `done`."""
        spec = self._pipeline.spec
        # From here on "not held any more" may mean "just committed": the heart must not cancel for it.
        if self.hold is not None:
            self.hold.committing = True
        try:
            async with self._house.spine.steps.done(self.claim, spec, report, parts) as (unit, hints):
                yield unit
            self.is_done, self.hints = True, hints
        finally:
            if self.hold is not None:
                self.hold.committing = self.is_done
