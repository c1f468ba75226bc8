"""A claimed pipeline step, and the only door to its effects.

A step function ends in one of these ways:

- it leaves `async with step.done(report)`: its effects and its `done` are committed together;
- LaterError: not now; the step comes back after `wait_s`, and no attempt is charged;
- DependencyDownError: nobody's failure; the step comes back shortly, and no attempt is charged;
- GiveUpError: it will never work; the step is dead at once, and the run fails when nothing else can go on;
- any other exception: the attempt is charged; it comes back after a growing wait, and is dead after five.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from app.domain.pipelines import Queue  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from app.domain.pipelines import Part, StepReport

MOST_ATTEMPTS = 5
# A step under so many dead workers is suspected to kill them: it runs alone, in a child process of its own.
SOLO_AFTER_CRASHES = 2
# For what takes even the watching parent along.
MOST_CRASHES = 20


class StepKey(msgspec.Struct, frozen=True, kw_only=True):
    """Names one step row: the run's number, the step, and the part of a fanned-out step (or empty)."""

    run_id: int
    step: str
    part: str = ""


class Hint(StepKey, frozen=True, kw_only=True):
    """Says that a step may be claimed. It may be lost, late, doubled or wrong: the claim decides.

    `solo` asks for a child process, because the step has been under dying workers.
    """

    pipeline: str
    queue: Queue = "fast"
    solo: bool = False


class Claim(StepKey, frozen=True, kw_only=True):
    """A step that this worker holds as long as nobody raises `fence`; `deadline_s` is machine seconds from now."""

    fence: int
    attempt: int
    crashes: int
    pipeline: str
    window: str
    args: dict[str, object]
    queue: str
    deadline_s: float


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
        """What the run is about: a cron time in ISO form (UTC), or a name such as ``backfill:2010-01-04..2010-02-01``.

        Cron times are market time.
        """

    @property
    def name(self) -> str:
        """Name of the step."""

    @property
    def part(self) -> str:
        """Which part of a fanned-out step; empty otherwise."""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1; deferrals are not counted."""

    @property
    def key(self) -> str:
        """Return what names this step for ever, ``run/step/part``: an idempotency key for effects elsewhere."""

    @property
    def args(self) -> Mapping[str, object]:
        """Arguments of the run, overlaid by those of the part."""

    def done(self, report: StepReport, parts: Sequence[Part] = ()) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open the transaction in which the step's effects and its `done` are committed together.

        `parts` are inserted in it too, so nothing that waits for them can start early. Raises FencedError, and
        writes nothing, when another worker has taken the step over; PipelineError for parts not declared.
        """
