"""Pipelines as data: steps, what they need, and when they run.

A pipeline is declared once, in `workers/pipelines/`; workers run it, the API lists it, and other
orchestrators are generated from the same declaration.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from app.domain.errors import GroatError

Queue = Literal["fast", "long"]
QUEUES: tuple[Queue, ...] = ("fast", "long")
# Nothing waits longer than this before it is looked at again: longer waits are asked for again, and a clock that
# was set back cannot park a step for years.
LONGEST_WAIT_S = 3600.0


class PipelineError(GroatError):
    """The pipeline's declaration contradicts itself: correct it in workers/pipelines."""

    code = "pipeline"


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a pipeline.

    `needs` names the steps of which every row (every part) must be done first. A step with
    `fan_out_of` has no row of its own: the step it names inserts its parts when it is done, and a part may
    insert further parts of its own step.
    `deadline_s` is in machine seconds.
    """

    name: str
    summary: str
    needs: tuple[str, ...] = ()
    fan_out_of: str | None = None
    queue: Queue = "fast"
    deadline_s: float = 120.0


class PipelineSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline: its steps, its cron (five fields, market time) and the zone the cron is read in.

    `catch_up` says what missed ticks become: only the latest window, or each of them.
    """

    name: str
    summary: str
    cron: str
    tz: str = "America/New_York"
    catch_up: Literal["latest", "all"] = "latest"
    steps: tuple[StepSpec, ...]

    def step(self, name: str) -> StepSpec:
        """Return the step of that name; raise PipelineError when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        message = f"{self.name} has no step {name!r}: it has {', '.join(step.name for step in self.steps)}."
        raise PipelineError(message)

    def needs(self, name: str) -> tuple[str, ...]:
        """Return every step that must be done first: the declared needs, and who fans them or the step out.

        Without the splitters a step could run before the parts that it waits for exist.
        """
        step = self.step(name)
        found = [*step.needs, *self.splitters(name)]
        for need in step.needs:
            found += self.splitters(need)
        return tuple(dict.fromkeys(each for each in found if each != name))

    def splitters(self, name: str) -> tuple[str, ...]:
        """Return who fans the step out, who fans that one out, and so on; raise PipelineError on a circle."""
        found: list[str] = []
        splitter = self.step(name).fan_out_of
        while splitter:
            if splitter in {name, *found}:
                message = f"{self.name} has steps that fan each other out in a circle: {name}, {', '.join(found)}."
                raise PipelineError(message)
            found.append(splitter)
            splitter = self.step(splitter).fan_out_of
        return tuple(found)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a fanned-out step, inserted in the splitting step's own transaction.

    `delay_s` (machine seconds) is how long nobody needs to look at it.
    """

    step: str
    part: str
    args: dict[str, object] = {}
    delay_s: float = 0.0


class StepReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step did: facts for the operator, kept with the step."""

    done: int = 0
    skipped: dict[str, int] = {}
    left: int = 0
    notes: tuple[str, ...] = ()
    details: dict[str, object] = {}


def check(spec: PipelineSpec) -> None:
    """Raise PipelineError when a name is used twice or unknown, or when steps need each other in a circle."""
    names = [step.name for step in spec.steps]
    twice = {name for name in names if names.count(name) > 1}
    if not names or twice:
        message = f"{spec.name} declares {'a step twice: ' + ', '.join(sorted(twice)) if twice else 'no steps'}."
        raise PipelineError(message)
    for step in spec.steps:
        if step.deadline_s <= 0:
            message = f"{spec.name}.{step.name} has a deadline of {step.deadline_s} s: it must be above 0."
            raise PipelineError(message)
        spec.needs(step.name)
    order(spec)


def order(spec: PipelineSpec) -> tuple[str, ...]:
    """Return the steps' names, each after everything it needs; raise PipelineError on a circle."""
    left = {step.name: set(spec.needs(step.name)) for step in spec.steps}
    found: list[str] = []
    while left:
        free = [name for name, needs in left.items() if needs <= set(found)]
        if not free:
            message = f"{spec.name} has steps that need each other in a circle: {', '.join(sorted(left))}."
            raise PipelineError(message)
        found += free
        for name in free:
            del left[name]
    return tuple(found)


def first_steps(spec: PipelineSpec) -> tuple[StepSpec, ...]:
    """Return the steps that have a row from the start: all but those that another step fans out."""
    return tuple(step for step in spec.steps if step.fan_out_of is None)


def check_parts(spec: PipelineSpec, by: str, parts: tuple[Part, ...]) -> None:
    """Raise PipelineError unless the step `by` may insert these parts and no name comes twice."""
    for part in parts:
        step = spec.step(part.step)
        if step.fan_out_of is None or by not in {step.fan_out_of, step.name}:
            message = f"{spec.name}.{by} may not make parts of {part.step!r}: declare fan_out_of={by!r} there."
            raise PipelineError(message)
        if not part.part or not 0 <= part.delay_s <= LONGEST_WAIT_S:
            message = f"{spec.name}.{part.step} needs parts with a name and a delay of 0 to {LONGEST_WAIT_S:.0f} s."
            raise PipelineError(message)
    if len({(part.step, part.part) for part in parts}) < len(parts):
        message = f"{spec.name}.{by} makes a part of the same name twice."
        raise PipelineError(message)
