"""A claimed pipeline step, and the only door to its effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from app.domain.pipelines import Part, StepReport


class UnitOfWork(Protocol):
    """An open transaction, opaque to use cases: hand it to the stores that write in it."""


class Step(Protocol):
    """A step that this worker has claimed and holds by its fence."""

    @property
    def run_id(self) -> int:
        """Number of the run."""

    @property
    def pipeline(self) -> str:
        """Name of the pipeline."""

    @property
    def window(self) -> str:
        """What the run is about: a cron tick in ISO form, or a name such as ``backfill:2010-01-04..2010-02-01``."""

    @property
    def name(self) -> str:
        """Name of the step."""

    @property
    def part(self) -> str:
        """Which part of a fanned-out step; empty otherwise."""

    @property
    def args(self) -> Mapping[str, object]:
        """Arguments of the run, overlaid by those of the part."""

    def done(self, report: StepReport, parts: Sequence[Part] = ()) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open the transaction in which the step's effects and its `done` are committed together.

        Raises FencedError, and writes nothing, when another worker has taken the step over.
        """
