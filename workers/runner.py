"""The runner: a hint comes in, a claim is made, the step's function runs, and its outcome is recorded."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import structlog

from app.domain.errors import DependencyDownError, FencedError, GiveUpError, LaterError
from app.ports.steps import StepKey
from app.ports.stream import StreamPipeline
from app.telemetry import metrics
from workers.batches import Batches
from workers.held import Why
from workers.step import HeldStep

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from app.bootstrap import House
    from app.ports.steps import Claim, Hint
    from workers.held import Held, Hold
    from workers.pipelines import Pipeline, Registry

log = structlog.get_logger("groat.runner")

# How soon to look again at a step whose database or provider was away.
AWAY_S = 2.0
# What becomes of a step's state; an outcome that is not here changed nothing, or nobody knows what.
STATES = {"done": "done", "dead": "dead", "failed": "ready", "deferred": "ready", "released": "ready"}


class Runner:
    """Runs the steps that this process claims."""

    def __init__(
        self,
        house: House,
        registry: Registry,
        held: Held,
        owner: str,
        send: Callable[[Sequence[Hint]], Awaitable[object]],
    ) -> None:
        """Run functions of the registry; `send` takes hints to what became ready."""
        self.house = house
        self.registry = registry
        self.held = held
        self.owner = owner
        self.leaving = asyncio.Event()
        self._send = send
        self._claims: Batches[StepKey, Claim] = Batches(self._claim)
        self._advances: Batches[int, int] = Batches(self._advance)
        self._background: set[asyncio.Future[None]] = set()
        self._working: set[asyncio.Future[None]] = set()

    async def on_hint(self, hint: Hint) -> None:
        """Claim what the hint names and work on it; drop the hint when it is stale or not for this version."""
        pipeline = self.registry.get(hint.pipeline)
        key = StepKey(run_id=hint.run_id, step=hint.step, part=hint.part)
        try:
            if pipeline is None or hint.step not in pipeline.run:
                await self._leave_to_others(hint, key)
                return
            claim = None if self.leaving.is_set() else await self._claims.get(key)
        except DependencyDownError:
            await self._nap(AWAY_S)
            return
        if claim is None:
            metrics.HINTS.labels("stale").inc()
            return
        metrics.HINTS.labels("claimed").inc()
        await self.work(claim, pipeline)

    async def work(self, claim: Claim, pipeline: Pipeline) -> None:
        """Run a claimed step to its outcome, and record that."""
        step = HeldStep(claim, pipeline, self.house)
        self._tell(claim, "running")
        recorded = asyncio.get_running_loop().create_future()
        self._working.add(recorded)
        with structlog.contextvars.bound_contextvars(pipeline=claim.pipeline, step=step.key):
            task = asyncio.create_task(self._call(pipeline, step), name=step.key)
            step.hold = hold = self.held.add(claim, task)
            try:
                await asyncio.wait({task})
                outcome = await self._settle(step, hold)
            finally:
                self.held.drop(hold)
                self._working.discard(recorded)
                recorded.set_result(None)
        if outcome in STATES:
            self._tell(claim, STATES[outcome])
        metrics.STEPS.labels(claim.pipeline, claim.step, outcome).inc()
        metrics.STEP_DURATION.labels(claim.pipeline, claim.step).observe(time.monotonic() - hold.since)
        if outcome in {"done", "dead"}:
            self._in_background(self.advance(claim.run_id, step.hints))

    async def advance(self, run_id: int, hints: Sequence[Hint] = ()) -> None:
        """Move a run on after a step of it ended, and send hints; the keeper repeats what gets lost here."""
        try:
            if hints:
                await self._send(hints)
            await self._advances.get(run_id)
        except DependencyDownError:
            log.info("the run will be moved on by the keeper", run=run_id)

    async def leave(self, within_s: float) -> None:
        """Cancel what is in hand and give it back, uncharged."""
        self.leaving.set()
        ends_at = time.monotonic() + within_s
        while (unfinished := {*self._working, *self._background}) and time.monotonic() < ends_at:
            for hold in self.held.all():
                hold.cancel(Why.LEAVING)
            await asyncio.wait(unfinished, timeout=0.5)

    def _tell(self, claim: Claim, state: str) -> None:
        """Tell the live stream, after the commit; it may get lost, and holds nothing up."""
        event = StreamPipeline(
            pipeline=claim.pipeline, run_id=claim.run_id, step=claim.step, part=claim.part, state=state
        )
        self.house.announcer.tell(event)

    async def _call(self, pipeline: Pipeline, step: HeldStep) -> None:
        await pipeline.run[step.name](step, self.house)

    async def _settle(self, step: HeldStep, hold: Hold) -> str:
        """Record the outcome, however long PostgreSQL is away: the heart goes on beating meanwhile."""
        while True:
            try:
                return await self._record(step, hold)
            except FencedError:
                return "fenced"
            except DependencyDownError:
                if hold.why is Why.LOST or (self.leaving.is_set() and hold.why is Why.LEAVING):
                    return "unrecorded"
                await self._nap(0.5)
                if self.leaving.is_set():
                    hold.why = Why.LEAVING

    async def _record(self, step: HeldStep, hold: Hold) -> str:
        task, claim, steps = hold.task, step.claim, self.house.spine.steps
        error = None if task.cancelled() else task.exception()
        if step.is_done:
            if error is not None:
                log.warning("the step raised after it was done", error=describe(error))
            return "done"
        if isinstance(error, FencedError) or hold.why is Why.LOST:
            return "fenced"
        if hold.why is Why.LEAVING and task.cancelled():
            await steps.defer(claim, 0.0, None)
            return "released"
        if isinstance(error, LaterError):
            await steps.defer(claim, error.wait_s, str(error))
            return "deferred"
        if isinstance(error, DependencyDownError):
            await steps.defer(claim, AWAY_S * random.uniform(0.5, 1.5), str(error))  # noqa: S311  jitter
            return "deferred"
        if hold.why is Why.DEADLINE:
            text = f"It was cancelled at its deadline of {claim.deadline_s:.0f} s."
        elif task.cancelled() or error is None:
            text = "Its function ended without `step.done()`: nothing was written."
        else:
            text = describe(error)
            log.warning("the step failed", error=text, exc_info=error)
        state = await steps.fail(claim, text, hopeless=isinstance(error, GiveUpError))
        return "dead" if state == "dead" else "failed"

    async def _claim(self, keys: Sequence[StepKey]) -> Mapping[StepKey, Claim]:
        try:
            claims = await self.house.spine.steps.claim(keys, self.owner)
        except DependencyDownError:
            # It may have been committed all the same: without its answer nobody would hold these steps.
            self._in_background(self._give_back(keys))
            raise
        return {StepKey(run_id=claim.run_id, step=claim.step, part=claim.part): claim for claim in claims}

    async def _give_back(self, keys: Sequence[StepKey]) -> None:
        while True:
            mine = {(hold.claim.run_id, hold.claim.step, hold.claim.part) for hold in self.held.all()}
            unheard = [key for key in keys if (key.run_id, key.step, key.part) not in mine]
            try:
                await self.house.spine.steps.give_back(unheard, self.owner)
            except DependencyDownError:
                if self.leaving.is_set():
                    return
                await self._nap(0.3)
            else:
                return

    async def _advance(self, runs: Sequence[int]) -> Mapping[int, int]:
        hints = await self.house.spine.runs.advance(runs)
        if hints:
            await self._send(hints)
        return {}

    async def _leave_to_others(self, hint: Hint, key: StepKey) -> None:
        """Leave a step of a newer version unclaimed, and say so on it: a rolling deploy must lose nothing."""
        metrics.HINTS.labels("unknown").inc()
        log.warning("a step that this version does not know is left to others", pipeline=hint.pipeline, step=hint.step)
        text = f"Worker {self.owner} does not know this step: it waits for one of a newer version."
        await self.house.spine.steps.note_unknown(key, text)

    async def _nap(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.leaving.wait(), seconds * random.uniform(0.5, 1.0))  # noqa: S311  jitter
        except TimeoutError:
            return

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def describe(error: BaseException) -> str:
    """Name an exception and what it says."""
    return f"{type(error).__name__}: {error}"
