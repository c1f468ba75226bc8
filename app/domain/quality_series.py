"""Series rules: what looks wrong about stored bars when they are seen beside their neighbours, with the evidence.

A row can be sound by itself and still be wrong. Nothing here changes a bar: a finding becomes a flag beside it. The
rules look back only, but for the next session (a move that comes back, a hole between bars).
"""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from math import exp, log
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from app.domain.quality_panel import NORMAL, earlier_median, moves, pick
from app.domain.quality_splits import looks_like

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import numpy.typing as npt

    from app.domain.quality_panel import Floats, Moves, Panel

    Marks = npt.NDArray[np.bool_]


class Rule(StrEnum):
    """Why a stored bar, or the lack of one, is in doubt."""

    JUMP = "jump"
    SPIKE = "spike"
    STALE_REPEAT = "stale_repeat"
    VOLUME_OUTLIER = "volume_outlier"
    MISSING_SESSION = "missing_session"
    PROVIDER_DIFFERENCE = "provider_difference"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A doubt about an instrument's bar of a session; `evidence` says it in words under `text`, and in numbers."""

    instrument: int
    session: date
    rule: Rule
    evidence: dict[str, Any]


# Sessions that the usual move and volume are taken from, and how many of them there must be.
WINDOW: Final = 60
FEWEST: Final = 10
# A jump is both: many times the usual move, and more than 25 % up or 20 % down.
TIMES: Final = 8.0
JUMP: Final = log(1.25)
# Without enough earlier moves only what more than doubles or halves is told.
JUMP_ALONE: Final = log(2.2)
# Prices move in steps: the usual move is never taken to be less than a fifth of a percent.
LEAST_SCALE: Final = 0.002
# Over a longer hole a price can come near any ratio by itself.
LONGEST_HOLE: Final = 5
# A spike's way back leaves at most so much of the move.
REMAINS: Final = 0.3
VOLUME_TIMES: Final = 10.0
VOLUME_FACTOR: Final = 20.0
LEAST_VOLUME_SCALE: Final = 0.1
# The same five numbers for so many sessions running; more when the price stood still within each.
STALE: Final = 3
STALE_FLAT: Final = 5
# Whoever traded on each of so many sessions before a hole, and after it, ought to have a bar in it.
STEADY: Final = 10
# Rows before and after a session that its judgement may look at.
BACK: Final = WINDOW + 1
AHEAD: Final = 1


def judge(panel: Panel, tested: Collection[date], held: Collection[tuple[int, date]] = ()) -> list[Finding]:
    """Return what looks wrong in the tested sessions of a panel, by session and instrument.

    `held` are the (instrument, session) of which a row is in quarantine: such a hole is known already. What lies in the
    panel beside the tested sessions is context; BACK sessions before and AHEAD after are enough. Prices may be in any
    currency: scaling an instrument's prices changes nothing but the prices that the evidence quotes.
    """
    found = moves(panel)
    days = panel.sessions.tolist()
    wanted = set(tested)
    repeats = runs_of_equals(panel, found)
    findings: list[Finding] = []
    for at in (row for row, day in enumerate(days) if day in wanted):
        findings += jumps(panel, found, at)
        findings += volumes(panel, found, at)
        findings += stale(panel, repeats, at)
        findings += holes(panel, at, held)
    return findings


def jump_marks(found: Moves, at: int) -> tuple[Marks, Floats]:
    """Mark the moves of a session that are jumps, and return the usual move over as long (NaN where it is not known).

    A move over a hole in the bars is allowed the square root of the sessions that it took: as far as a walk gets.
    """
    usual, count = earlier_median(np.abs(found.change), at, WINDOW)
    longer = np.sqrt(np.maximum(at - found.before[at], 1))
    scale = np.where(count >= FEWEST, np.maximum(usual * NORMAL, LEAST_SCALE) * longer, np.nan)
    with np.errstate(invalid="ignore"):
        bound = np.where(np.isnan(scale), JUMP_ALONE, np.maximum(JUMP, TIMES * scale))
        return np.abs(found.change[at]) > bound, scale


def comes_back(found: Moves, at: int) -> Marks:
    """Mark the moves that the next session takes back."""
    if at + 1 >= len(found.change):
        return np.zeros(found.change.shape[1], dtype=bool)
    with np.errstate(invalid="ignore"):
        back: Marks = np.abs(found.change[at] + found.change[at + 1]) <= REMAINS * np.abs(found.change[at])
    return back


def jumps(panel: Panel, found: Moves, at: int) -> Iterator[Finding]:
    """Find moves that nothing explains: those that stay are jumps, those that the next session takes back spikes."""
    marks, scale = jump_marks(found, at)
    if not marks.any():
        return
    back = comes_back(found, at)
    is_way_back = np.zeros_like(marks)
    if at > 0:
        is_way_back = jump_marks(found, at - 1)[0] & comes_back(found, at - 1)
    for i in np.flatnonzero(marks & ~is_way_back).tolist():
        rule = Rule.SPIKE if back[i] else Rule.JUMP
        yield Finding(
            instrument=panel.instruments[i],
            session=panel.sessions[at].item(),
            rule=rule,
            evidence=jump_evidence(panel, found, (at, i), float(scale[i]), rule),
        )


def jump_evidence(panel: Panel, found: Moves, spot: tuple[int, int], scale: float, rule: Rule) -> dict[str, Any]:
    """Say what moved, how far, how unusual that is, and what it looks like."""
    at, i = spot
    before = int(found.before[spot])
    change = float(found.change[spot])
    close, last_close = float(panel.close[spot]), float(panel.close[before, i])
    day = panel.sessions[at].item()
    evidence: dict[str, Any] = {
        "previous_session": str(panel.sessions[before].item()),
        "previous_close": last_close,
        "open": float(panel.open[spot]),
        "close": close,
        "change_percent": round((exp(change) - 1) * 100, 2),
    }
    text = f"moved {(exp(change) - 1) * 100:+.1f} % beyond known actions, from {last_close:g} to {close:g}"
    if not np.isnan(scale):
        evidence |= {"usual_move_percent": round(scale * 100, 3), "times_usual": round(abs(change) / scale, 1)}
        text += f": {abs(change) / scale:.0f} times its usual move"
    if panel.splits[spot]:
        evidence["split_on_record"] = round(exp(-float(panel.splits[spot])), 6)
        text += "; a split is on record for this session, and the price did not follow it"
    if rule is Rule.SPIKE:
        evidence["next_close"] = float(panel.close[at + 1, i])
        text += "; the next session took it back: a wrong bar, or an action with a wrong date"
    elif at - before <= LONGEST_HOLE and (split := looks_like(float(found.overnight[spot]), change, scale)):
        evidence["looks_like"] = {"split_from": split.split_from, "split_to": split.split_to, "ex_date": str(day)}
        of = f"of {day}" if at - before == 1 else f"after {panel.sessions[before].item()}, by {day},"
        text += f"; looks like a {split.split_to}-for-{split.split_from} split {of} that no provider told of"
    return {"text": text, **evidence}


def volumes(panel: Panel, found: Moves, at: int) -> Iterator[Finding]:
    """Find volumes far from the instrument's usual one, up or down, on both an absolute and a robust scale."""
    usual, count = earlier_median(found.volume, at, WINDOW)
    spread, _ = earlier_median(np.abs(found.volume - usual), at, WINDOW)
    off = found.volume[at] - usual
    with np.errstate(invalid="ignore"):
        bound = np.maximum(log(VOLUME_FACTOR), VOLUME_TIMES * np.maximum(spread * NORMAL, LEAST_VOLUME_SCALE))
        marks = (np.abs(off) > bound) & (count >= FEWEST)
    for i in np.flatnonzero(marks).tolist():
        # Restated to this session's shares, as the usual volume is.
        shares = float(panel.volume[at, i])
        normal = exp(float(usual[i]) - float(np.cumsum(panel.splits[: at + 1, i])[-1]))
        times = f"{exp(off[i]):.1f} times" if off[i] > 0 else f"1/{exp(-off[i]):.0f} of"
        yield Finding(
            instrument=panel.instruments[i],
            session=panel.sessions[at].item(),
            rule=Rule.VOLUME_OUTLIER,
            evidence={
                "text": f"{shares:,.0f} shares were traded, {times} the usual {normal:,.0f}",
                "volume": shares,
                "usual_volume": round(normal),
                "factor": round(exp(float(off[i])), 5),
            },
        )


def runs_of_equals(panel: Panel, found: Moves) -> npt.NDArray[np.intp]:
    """Return for each bar how many bars running, itself included, have the same five numbers."""
    equal = np.ones(panel.close.shape, dtype=bool)
    for values in (panel.open, panel.high, panel.low, panel.close, panel.volume):
        equal &= values == pick(values, found.before)
    run = np.ones(panel.close.shape, dtype=np.intp)
    carried = np.ones(panel.close.shape[1], dtype=np.intp)
    for row, same in enumerate(equal):
        carried = np.where(panel.present[row], np.where(same, carried + 1, 1), carried)
        run[row] = carried
    return run


def stale(panel: Panel, repeats: npt.NDArray[np.intp], at: int) -> Iterator[Finding]:
    """Find bars that repeat the one before them, and the one before that."""
    with np.errstate(invalid="ignore"):
        needed = np.where(panel.high[at] > panel.low[at], STALE, STALE_FLAT)
    for i in np.flatnonzero(panel.present[at] & (repeats[at] >= needed)).tolist():
        count = int(repeats[at, i])
        close, shares = float(panel.close[at, i]), float(panel.volume[at, i])
        yield Finding(
            instrument=panel.instruments[i],
            session=panel.sessions[at].item(),
            rule=Rule.STALE_REPEAT,
            evidence={
                "text": f"the same prices and volume for {count} bars running: {close:g}, {shares:,.0f} shares",
                "repeats": count,
                "close": close,
                "volume": shares,
            },
        )


def holes(panel: Panel, at: int, held: Collection[tuple[int, date]]) -> Iterator[Finding]:
    """Find instruments without a bar that had one on each of the sessions before, and have one on the next."""
    if at < STEADY or at + 1 >= len(panel.sessions):
        return
    present = panel.present
    marks = ~present[at] & present[at + 1] & present[at - STEADY : at].all(axis=0)
    day, last, following = (panel.sessions[row].item() for row in (at, at - 1, at + 1))
    for i in np.flatnonzero(marks).tolist():
        if (panel.instruments[i], day) in held:
            continue
        yield Finding(
            instrument=panel.instruments[i],
            session=day,
            rule=Rule.MISSING_SESSION,
            evidence={
                "text": f"no bar, though there is one on each of the {STEADY} sessions before and on {following}",
                "previous_session": str(last),
                "next_session": str(following),
            },
        )
