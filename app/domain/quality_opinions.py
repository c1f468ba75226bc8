"""Two providers' bars of the same session: whether they agree, and how they differ."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from math import isclose, log
from typing import Any, Final

import msgspec

from app.domain.quality_splits import RATIOS

# Closes are the auction's, the same for all; the others depend on which trades a provider counts.
# Each is a span over the larger of two values.
TOLERANCES: Final = {"open": 0.01, "high": 0.01, "low": 0.01, "close": 0.002, "volume": 0.5}
SAME_RATIO: Final = 0.005
PRICES: Final = ("open", "high", "low", "close")


class OneBar(msgspec.Struct, frozen=True, kw_only=True):
    """A raw daily bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class BarPair(msgspec.Struct, frozen=True, kw_only=True):
    """A stored bar and another provider's of the same instrument and session, each with whose and since when known."""

    instrument: int
    session: date
    stored: OneBar
    provider: str
    known_at: datetime
    opinion: OneBar
    opinion_provider: str
    opinion_known_at: datetime


def difference(pair: BarPair) -> dict[str, Any] | None:
    """Return the evidence that two bars differ, None when they agree.

    They agree when the closes are within 0.2 %, the other prices within 1 % and the volumes within a factor of 2.
    """
    ours, theirs = pair.stored, pair.opinion
    columns = [
        name for name in PRICES if not isclose(getattr(ours, name), getattr(theirs, name), rel_tol=TOLERANCES[name])
    ]
    most, least = max(ours.volume, theirs.volume), min(ours.volume, theirs.volume)
    if most - max(least, 1.0) > TOLERANCES["volume"] * most:
        columns.append("volume")
    if not columns:
        return None
    told = ", ".join(f"{name} {getattr(ours, name):g} and {getattr(theirs, name):g}" for name in columns)
    evidence: dict[str, Any] = {
        "text": f"{pair.provider} and {pair.opinion_provider} differ: {told}",
        "columns": columns,
        "providers": [pair.provider, pair.opinion_provider],
        pair.provider: msgspec.structs.asdict(ours),
        pair.opinion_provider: msgspec.structs.asdict(theirs),
    }
    if ratio := one_ratio(ours, theirs):
        evidence["ratio"] = ratio
        evidence["text"] += f"; all prices differ by {ratio}: one of them may be adjusted for a split"
    return evidence


def one_ratio(ours: OneBar, theirs: OneBar) -> str | None:
    """Return the split's ratio by which all prices differ, as ``2:1``; None when there is none."""
    logs = [log(getattr(ours, name) / getattr(theirs, name)) for name in PRICES]
    if max(logs) - min(logs) > SAME_RATIO:
        return None
    for ratio in RATIOS:
        if abs(abs(logs[-1]) - abs(ratio.move)) <= SAME_RATIO:
            return f"{max(ratio.split_to, ratio.split_from)}:{min(ratio.split_to, ratio.split_from)}"
    return None
