"""Pipelines as data: steps, what they need, and when they run.

A pipeline is declared once, in `workers/pipelines/`; workers run it, the API lists it, and other
orchestrators are generated from the same declaration.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class StepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a pipeline.

    `needs` names the steps of which every row (every part) must be done first. A step with
    `fan_out_of` has no row of its own: the step it names inserts its parts when it is done.
    `deadline_s` is in machine seconds.
    """

    name: str
    summary: str
    needs: tuple[str, ...] = ()
    fan_out_of: str | None = None
    queue: Literal["fast", "long"] = "fast"
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
