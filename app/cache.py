"""Encoded answers, kept in process and dropped when what they were made from changes.

    PostgreSQL --NOTIFY, and a heartbeat each second--> listener --> HotAnswers <-- reads

Exact, not timed: an answer is given only while the listener is provably alive and has not heard of a newer
version of any dataset in it. Without that proof the cache is empty and every read goes to the database.
"""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, Final

from app.telemetry import metrics
from app.telemetry.batch import BATCH

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import datetime

    from app.ports.answers import HotAnswer

# A heartbeat comes each second; an older proof than this is none.
PROOF_S: Final = 2.5
# What an entry costs besides its body: its key, headers and places in two tables.
OVERHEAD_BYTES: Final = 1_024
SHORTCUTS_MAX: Final = 2_048


class HotAnswers:
    """A process's encoded answers: bounded by bytes, the least recently used go first."""

    def __init__(self, max_bytes: int) -> None:
        """Keep up to `max_bytes`; 0 turns the cache off."""
        self.max_bytes = max_bytes
        self.size = 0
        self.known: dict[str, int] = {}
        self.proven_until = 0.0
        self.answers: OrderedDict[Hashable, HotAnswer] = OrderedDict()
        self.shortcuts: dict[Hashable, Hashable] = {}
        self.hits = metrics.CACHE_HITS.labels("answer")
        self.misses = metrics.CACHE_MISSES.labels("answer")

    def is_alive(self) -> bool:
        """Tell whether the versions known are proven to be the latest heard of."""
        return monotonic() < self.proven_until

    def versions(self) -> Mapping[str, int] | None:
        """Return the datasets' versions, None without proof."""
        return self.known if self.max_bytes and self.is_alive() else None

    def get(self, key: Hashable, now: datetime) -> HotAnswer | None:
        """Return the answer to a settled question, and count the hit or the miss."""
        found = self.peek(key, now)
        BATCH.count(self.misses if found is None else self.hits)
        return found

    def get_shortcut(self, raw: Hashable, now: datetime) -> HotAnswer | None:
        """Return the answer to a request that was asked in just these bytes before; count hits only."""
        key = self.shortcuts.get(raw)
        if key is None:
            return None
        found = self.peek(key, now)
        if found is None:
            self.shortcuts.pop(raw, None)
        else:
            BATCH.count(self.hits)
        return found

    def peek(self, key: Hashable, now: datetime) -> HotAnswer | None:
        """Return a valid answer without counting."""
        found = self.answers.get(key)
        if found is None or monotonic() >= self.proven_until:
            return None
        if found.expires_at is not None and now >= found.expires_at:
            self.forget(key)
            return None
        self.answers.move_to_end(key)
        return found

    def put(self, key: Hashable, raw: Hashable, answer: HotAnswer) -> None:
        """Keep an answer, unless a newer version of one of its datasets has been heard of meanwhile."""
        cost = len(answer.body) + OVERHEAD_BYTES
        if cost > self.max_bytes // 4 or not self.is_alive():
            return
        if any(self.known.get(dataset, 0) > version for dataset, version in answer.versions.items()):
            return
        self.forget(key)
        self.answers[key] = answer
        self.size += cost
        if len(self.shortcuts) >= SHORTCUTS_MAX:
            self.shortcuts.clear()
        self.shortcuts[raw] = key
        while self.size > self.max_bytes:
            self.forget(next(iter(self.answers)))

    def add_shortcut(self, raw: Hashable, key: Hashable) -> None:
        """Remember one more way in which a kept answer is asked for."""
        if key in self.answers and len(self.shortcuts) < SHORTCUTS_MAX:
            self.shortcuts[raw] = key

    def forget(self, key: Hashable) -> None:
        """Drop one answer, if it is there."""
        dropped = self.answers.pop(key, None)
        if dropped is not None:
            self.size -= len(dropped.body) + OVERHEAD_BYTES

    def proven(self, versions: Mapping[str, int]) -> None:
        """Hear all versions over a live connection: drop what is older, and trust what is left for a while."""
        for dataset in self.known.keys() | versions.keys():
            if self.known.get(dataset, 0) != versions.get(dataset, 0):
                self.drop(dataset)
        self.known = dict(versions)
        self.proven_until = monotonic() + PROOF_S

    def changed(self, dataset: str, version: int) -> None:
        """Hear that a dataset changed. Word of what is known already may come late, and is nothing new."""
        if version > self.known.get(dataset, 0):
            self.known[dataset] = version
            self.drop(dataset)

    def drop(self, dataset: str) -> None:
        """Drop every answer that was made from a dataset."""
        for key in [key for key, answer in self.answers.items() if dataset in answer.versions]:
            self.forget(key)

    def lost(self) -> None:
        """Hear nothing any more: nothing kept can be trusted."""
        self.proven_until = 0.0
        self.answers.clear()
        self.shortcuts.clear()
        self.size = 0
