"""What a benchmark found, set beside its goal, for people and for programs."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["at least", "at most"]


@dataclass(frozen=True)
class Goal:
    """A bound of notes/performance.md; `unit` follows the figures ("x", "ms", "MB", "%")."""

    kind: Kind
    bound: float

    def is_met(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        return value >= self.bound if self.kind == "at least" else value <= self.bound


@dataclass(frozen=True)
class Finding:
    """One figure: the median of its samples, their spread, and the goal it answers to, if any."""

    name: str
    samples: tuple[float, ...]
    unit: str
    goal: Goal | None = None

    @property
    def value(self) -> float:
        """Return the median."""
        return statistics.median(self.samples)

    @property
    def is_met(self) -> bool:
        """Tell whether the goal, if there is one, is reached by the median."""
        return self.goal is None or self.goal.is_met(self.value)

    def line(self) -> str:
        """Return one line for people."""
        spread = f"  ({figure(min(self.samples))}..{figure(max(self.samples))})" if len(self.samples) > 1 else ""
        text = f"{self.name:<58} {figure(self.value):>9} {self.unit:<7}{spread:<22}"
        if self.goal is None:
            return text.rstrip()
        verdict = "met" if self.is_met else "MISSED"
        return f"{text} goal {self.goal.kind} {figure(self.goal.bound)}: {verdict}"

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs."""
        goal = None if self.goal is None else {"kind": self.goal.kind, "bound": self.goal.bound, "met": self.is_met}
        samples = [round(each, 6) for each in self.samples]
        return {"name": self.name, "median": self.value, "unit": self.unit, "samples": samples, "goal": goal}


def at_least(bound: float) -> Goal:
    """Make a goal that a figure reaches from above."""
    return Goal("at least", bound)


def at_most(bound: float) -> Goal:
    """Make a goal that a figure reaches from below."""
    return Goal("at most", bound)


def finding(name: str, samples: Sequence[float], unit: str, goal: Goal | None = None) -> Finding:
    """Make a finding of samples of any sequence; raise ValueError when there are none."""
    if not samples:
        message = f"{name}: nothing was measured."
        raise ValueError(message)
    return Finding(name, tuple(samples), unit, goal)


def figure(value: float) -> str:
    """Write a number with three digits that matter."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"
