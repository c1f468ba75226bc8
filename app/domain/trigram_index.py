"""Find names that a query means, typing errors included, in well under a millisecond among 100,000.

A text is cut into trigrams, each word behind two spaces (so that beginnings count more). A query's trigrams,
weighted by how rare they are, vote for the texts that hold them. Everything is numpy; there is no loop over
texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

BITS: Final = 6
GRAMS: Final = 1 << (3 * BITS)
# How much of a query's weight a text must hold to be looked at.
SHARE: Final = 0.3
# What a text's own surplus weighs against it, as in Tversky's index: little, or long names would never be found.
SURPLUS: Final = 0.05
# The most postings that one query reads; its rarest trigrams go first.
BUDGET: Final = 45_000


def _alphabet() -> npt.NDArray[np.int32]:
    """Map each byte to 6 bits: 0 separates, then letters, digits, and the bytes of other scripts in 26 heaps."""
    table = np.zeros(256, dtype=np.int32)
    for place, letter in enumerate(b"abcdefghijklmnopqrstuvwxyz0123456789", start=1):
        table[letter] = place
    for byte in range(128, 256):
        table[byte] = 37 + byte % 26
    for letter in range(26):
        table[ord("A") + letter] = table[ord("a") + letter]
    return table


ALPHABET: Final = _alphabet()


class TrigramIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An index over texts that are numbered from 0.

    The texts that hold trigram t are ``postings[starts[t]:starts[t + 1]]``; `weights` holds each trigram's
    rarity, `totals` the sum of them over each text.
    """

    count: int
    starts: npt.NDArray[np.int32]
    postings: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    totals: npt.NDArray[np.float32]

    def search(self, query: bytes, limit: int) -> npt.NDArray[np.intp]:
        """Return the numbers of up to `limit` texts that a query (UTF-8, folded as the texts) means, best first."""
        wanted = np.unique(trigrams(query)[0])
        sizes = self.starts[wanted + 1] - self.starts[wanted]
        weights = self.weights[wanted]
        whole = float(weights.sum())
        order = np.argsort(sizes, kind="stable")
        read = order[: max(1, int(np.searchsorted(np.cumsum(sizes[order]), BUDGET, side="right")))]
        if not len(wanted) or not sizes[read].any():
            return np.empty(0, dtype=np.intp)
        texts = np.concatenate([self.postings[self.starts[gram] : self.starts[gram + 1]] for gram in wanted[read]])
        votes = np.bincount(texts, weights=np.repeat(weights[read], sizes[read]), minlength=self.count)
        near = np.flatnonzero(votes >= SHARE * whole)
        if not len(near):
            near = np.flatnonzero(votes == votes.max())
        score = votes[near] / (whole + SURPLUS * (self.totals[near] - votes[near]))
        if len(near) > limit:
            best = np.argpartition(score, len(near) - limit)[-limit:]
            near, score = near[best], score[best]
        return near[np.lexsort((near, -score))]


def build(texts: bytes) -> TrigramIndex:
    """Build the index over texts (UTF-8, folded, one a line)."""
    count = texts.count(b"\n") + 1 if texts else 0
    grams, lines = trigrams(texts)
    pairs = np.sort(grams.astype(np.int64) * max(1, count) + lines)
    # np.unique hashes, which takes ten times as long as to sort.
    pairs = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))] if len(pairs) else pairs
    grams, postings = np.divmod(pairs, max(1, count))
    starts = np.searchsorted(grams, np.arange(GRAMS + 1)).astype(np.int32)
    held = np.diff(starts)
    # Unknown trigrams weigh as the rarest do: a query full of them matches nothing well.
    weights = np.log((count + 1) / (np.maximum(held, 1) + 0.5)).astype(np.float32)
    totals = np.bincount(postings, weights=weights[grams], minlength=count).astype(np.float32)
    return TrigramIndex(count=count, starts=starts, postings=postings.astype(np.int32), weights=weights, totals=totals)


def trigrams(texts: bytes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the trigrams of texts and the number of the line each is in, in order."""
    spaced = b"\n  " + texts.replace(b" ", b"  ").replace(b"\n", b"\n  ") + b" "
    raw = np.frombuffer(spaced, dtype=np.uint8)
    letters = ALPHABET[raw]
    lines = np.cumsum(raw == ord("\n"), dtype=np.int32) - 1
    grams = (letters[:-2] << (2 * BITS)) | (letters[1:-1] << BITS) | letters[2:]
    # A trigram that begins in one line and ends in the next is none, and neither is one of spaces.
    kept = (lines[:-2] == lines[2:]) & (raw[:-2] != ord("\n")) & (letters[1:-1] + letters[2:] > 0)
    return grams[kept], lines[:-2][kept]
