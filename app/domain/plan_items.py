"""Who asks about which instruments next: by lateness, each of the provider that is least wanted elsewhere.

Every call costs one slot of one provider, so the most lateness that can be served is a matching; taking the latest
first and giving each to its least wanted capable provider comes within 2 % of it (docs/why/planner.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from app.domain.datasets import Dataset  # noqa: TC001  msgspec reads annotations at run time
from app.domain.plan_wants import RESERVED, Want

if TYPE_CHECKING:
    from app.domain.plan_wants import Answers, AnswersBy

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that may be asked now: how many calls it has, and about how many instruments each may be."""

    provider: str
    calls: int
    subjects: Mapping[Dataset, int]


class Due(NamedTuple):
    """Instruments (positions in the universe) of which a want is due, and who can be asked; no asker: all wait."""

    want: int
    askers: tuple[int, ...]
    positions: Ints
    late: Floats


class ItemCall(NamedTuple):
    """One call: about whom, for which want, and how late the latest of them is."""

    want: int
    positions: list[int]
    late: float


class Assignment(NamedTuple):
    """For each asker its calls in order, and what is due and was not given a call."""

    calls: list[list[ItemCall]]
    left: list[Due]


def candidates(want: Want, askers: Sequence[Asker], chain: Sequence[str]) -> tuple[int, ...]:
    """Return who can be asked for a want, in the order of the chain.

    A provider whose own word is wanted has few calls, and they are kept for that: for anybody's word it is only asked
    when nobody else can be.
    """
    places = {asker.provider: number for number, asker in enumerate(askers) if want.dataset in asker.subjects}
    if want.provider is not None:
        return (places[want.provider],) if want.provider in places else ()
    able = [name for name in chain if name in places]
    first = [name for name in able if name not in RESERVED]
    return tuple(places[name] for name in first or able)


def own_words(dataset: Dataset, wants: Sequence[Want]) -> set[str]:
    """Return the providers whose own word on a dataset is wanted."""
    return {other.provider for other in wants if other.dataset is dataset and other.provider is not None}


def part_by_askers(number: int, late: Floats, named: Sequence[tuple[int, Answers | None]], now_us: int) -> list[Due]:
    """Part what is due by who can be asked: who knew nothing of an instrument waits before asking about it again.

    `named` are the numbers of those who can be asked, and their answers.
    """
    due = np.flatnonzero(late >= 1.0)
    if not due.size:
        return []
    bits = np.zeros(due.size, np.int64)
    for bit, (_, found) in enumerate(named):
        open_now = np.ones(due.size, np.bool_) if found is None else ~waits(found, due, now_us)
        bits |= open_now.astype(np.int64) << bit
    parted = []
    for value in np.unique(bits).tolist():
        mine = due[bits == value]
        able = tuple(asker for bit, (asker, _) in enumerate(named) if value >> bit & 1)
        parted.append(Due(number, able, mine, late[mine]))
    return parted


def heard(want: Want, answers: AnswersBy, beside: set[str]) -> list[Answers]:
    """Return the answers that count for a want: one provider's, or everybody's but those `beside`."""
    return [
        found
        for (dataset, name), found in answers.items()
        if dataset is want.dataset and (name == want.provider if want.provider else name not in beside)
    ]


def waits(answers: Answers, positions: Ints, now_us: int) -> npt.NDArray[np.bool_]:
    """Tell of which instruments a provider knew nothing, so that it is not worth asking it yet."""
    waiting: npt.NDArray[np.bool_] = (answers.misses[positions] > 0) & (answers.next_us[positions] > now_us)
    return waiting


def assign(due: Sequence[Due], wants: Sequence[Want], askers: Sequence[Asker]) -> Assignment:
    """Give the calls out, the latest first; among equals the wants' order, then the universe's. Pure."""
    groups = [[asker.subjects.get(want.dataset, 1) or 1 for want in wants] for asker in askers]
    order = [by_demand(each, due, askers, groups) for each in due]
    rows: list[npt.NDArray[np.float64]] = []
    kept: list[Ints] = []
    for number, each in enumerate(due):
        most = sum(askers[asker].calls * groups[asker][each.want] for asker in order[number])
        found = latest(each, most)
        kept.append(found)
        rows.append(np.column_stack((each.late[found], np.full(found.size, number), found)))
    calls: list[list[ItemCall]] = [[] for _ in askers]
    taken: list[list[int]] = [[] for _ in due]
    open_groups: dict[tuple[int, int], ItemCall] = {}
    merged = np.concatenate(rows) if rows else np.zeros((0, 3))
    merged = merged[np.lexsort((merged[:, 2], merged[:, 1], -merged[:, 0]))]
    full = [asker.calls == 0 for asker in askers]
    for late, number_, place in merged.tolist():
        number, spot = int(number_), int(place)
        want = due[number].want
        for asker in order[number]:
            group = open_groups.get((asker, want))
            if group is not None:
                group.positions.append(int(due[number].positions[spot]))
            elif full[asker]:
                continue
            else:
                group = ItemCall(want, [int(due[number].positions[spot])], late)
                calls[asker].append(group)
                full[asker] = len(calls[asker]) == askers[asker].calls
            if len(group.positions) < groups[asker][want]:
                open_groups[asker, want] = group
            else:
                open_groups.pop((asker, want), None)
            taken[number].append(spot)
            break
        if not open_groups and all(full):
            break
    return Assignment(calls, [without(each, gone) for each, gone in zip(due, taken, strict=True)])


def by_demand(
    each: Due, due: Sequence[Due], askers: Sequence[Asker], groups: Sequence[Sequence[int]]
) -> tuple[int, ...]:
    """Order a want's askers: the one that is least wanted for what it has, then the chain's order."""
    if len(each.askers) < 2:  # noqa: PLR2004  nothing to order
        return each.askers
    demand = {
        asker: sum(other.positions.size / groups[asker][other.want] for other in due if asker in other.askers)
        / max(askers[asker].calls, 1)
        for asker in each.askers
    }
    return tuple(sorted(each.askers, key=lambda asker: (demand[asker], each.askers.index(asker))))


def latest(each: Due, most: int) -> Ints:
    """Return the places of the `most` latest, equals by their order in the universe."""
    if most <= 0:
        return np.zeros(0, np.intp)
    if most >= each.late.size:
        return np.arange(each.late.size)
    edge = -np.partition(-each.late, most - 1)[most - 1]
    above = np.flatnonzero(each.late > edge)
    return np.sort(np.concatenate((above, np.flatnonzero(each.late == edge)[: most - above.size])))


def without(each: Due, gone: Sequence[int]) -> Due:
    """Return what is left of it."""
    keep = np.ones(each.late.size, np.bool_)
    keep[list(gone)] = False
    return each._replace(positions=each.positions[keep], late=each.late[keep])
