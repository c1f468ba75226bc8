"""Pipelines as the operator sees them: what is declared, what ran, and how to start more."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Protocol

import msgspec

from app.domain.pipelines import PipelineSpec, RunState, StepReport, StepState  # noqa: TC001  msgspec reads them too

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `steps` counts its steps by state; `created_at` and `ended_at` are machine time, aware UTC."""

    id: int
    pipeline: str
    window: str
    args: dict[str, object]
    state: RunState
    created_at: datetime
    ended_at: datetime | None
    steps: dict[StepState, int]


class StepCall(msgspec.Struct, frozen=True, kw_only=True):
    """The step's last call to a provider: reserved `at` (machine time, aware UTC), answered `duration_ms` later.

    `outcome` and `duration_ms` are null while it is under way, and for ever when it was lost in a crash.
    """

    provider: str
    at: datetime
    duration_ms: float | None
    outcome: str | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run. Times are machine time, aware UTC.

    `free_at` is from when on anybody may claim it: when a deferred step is looked at again, or when a running
    step's lease ends. `error` is the last failure, or the reason of a deferral. `call` is what its last attempt asked
    of a provider; null when it asked nothing.
    """

    run_id: int
    step: str
    part: str
    state: StepState
    needs: tuple[str, ...]
    queue: str
    attempt: int
    crashes: int
    free_at: datetime
    args: dict[str, object]
    report: StepReport | None
    error: str | None
    owner: str | None
    call: StepCall | None
    started_at: datetime | None
    ended_at: datetime | None


class PipelineView(msgspec.Struct, frozen=True, kw_only=True):
    """A declared pipeline and how it stands. `next_due` is market time, aware UTC."""

    spec: PipelineSpec
    next_due: datetime
    paused: bool
    last_run: RunView | None


class KeeperView(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps the schedule, and how many machine seconds ago it did so last; None means never yet."""

    owner: str | None
    age_s: float | None


class Pipelines(Protocol):
    """The pipelines of this installation.

    Every method raises DependencyDownError when the store does not answer. Those that take a name or a number
    raise UnknownSubjectError when there is no such thing.
    """

    async def list(self) -> Sequence[PipelineView]:
        """Return every declared pipeline, by name."""

    async def runs(
        self, pipeline: str | None, *, before_id: int | None, limit: int, within_s: float | None = None
    ) -> Sequence[RunView]:
        """Return runs, the latest first, of one pipeline or of all; `before_id` continues a page.

        With `within_s` only those that were under way in the last so many machine seconds.
        """

    async def run(self, run_id: int) -> RunView:
        """Return one run."""

    async def steps(
        self, run_id: int, *, after: tuple[str, str] | None, limit: int, state: StepState | None = None
    ) -> Sequence[StepView]:
        """Return a run's steps, all or those of a state, in order of (step, part); `after` continues a page."""

    async def start(self, pipeline: str, window: str, args: Mapping[str, object]) -> tuple[int, bool]:
        """Start a run and return its number, and whether it is new.

        There is one run for each (pipeline, window): asking again changes nothing and returns the first.
        """

    async def retry(self, run_id: int) -> int:
        """Make a run's dead steps ready again, with fresh attempts; return how many."""

    async def pause(self, pipeline: str) -> None:
        """Stop the cron of a pipeline; runs that exist go on."""

    async def resume(self, pipeline: str) -> None:
        """Let the cron of a pipeline go on; what it missed is caught up as declared."""

    async def keeper(self) -> KeeperView:
        """Return who keeps the schedule: a health check."""
