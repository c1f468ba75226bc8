"""Alternate contenders in one run, so that the machine's mood weighs on all of them, and compare by ratios."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.findings import Finding, Goal, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.lab import Say

# Fewer than five pairs say little about a median.
MIN_ROUNDS = 5


@dataclass
class Rates:
    """Samples of each contender, taken round by round: position i of every list is round i."""

    by_name: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, over: str, what: str, goal: Goal | None = None) -> Finding:
        """Compare two contenders within each round."""
        pairs = zip(self.by_name[name], self.by_name[over], strict=True)
        return finding(what, [a / b for a, b in pairs], "x", goal)

    def absolute(self, unit: str) -> list[Finding]:
        """Return the raw samples; only ratios compare between runs."""
        return [finding(f"  {name}", samples, unit) for name, samples in self.by_name.items()]


def alternate(contenders: Mapping[str, Callable[[], float]], rounds: int, say: Say) -> Rates:
    """Measure every contender once a round, forwards and backwards in turn (A B, B A, ...)."""
    if rounds < MIN_ROUNDS:
        message = f"{rounds} rounds are too few: take {MIN_ROUNDS} or more."
        raise ValueError(message)
    rates = Rates({name: [] for name in contenders})
    for number in range(rounds):
        names = list(contenders)
        for name in names if number % 2 == 0 else reversed(names):
            rates.by_name[name].append(contenders[name]())
        latest = ", ".join(f"{name} {samples[-1]:,.0f}" for name, samples in rates.by_name.items())
        say(f"round {number + 1}/{rounds}: {latest}")
    return rates
