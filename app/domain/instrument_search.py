"""Search instruments by symbol and by name, in memory: exact symbols, their beginnings, then what was meant."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from app.domain import trigram_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from app.domain.trigram_index import TrigramIndex

# Letters that Unicode does not take apart.
WHOLE: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})


class SearchTable(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments numbered from 0, ready to be searched.

    `ordered` are their symbols, present before former, folded and sorted, `lengths` their lengths, `places` whose
    each is; `items` are their encoded forms, one a line, of which number n is ``items[ends[n] + 1:ends[n + 1]]``.
    """

    version: int
    index: TrigramIndex
    ordered: npt.NDArray[np.bytes_]
    lengths: npt.NDArray[np.int64]
    places: npt.NDArray[np.intp]
    items: bytes
    ends: npt.NDArray[np.int64]

    def find(self, text: str, limit: int) -> list[bytes]:
        """Return the encoded forms of up to `limit` instruments that a text means, the best first.

        The instrument of exactly that symbol leads; then come symbols that begin so, shortest first, in half
        of the places; then names; then the other symbols.
        """
        query = fold(text).strip()
        if not query:
            return []
        prefixed = self.prefixed(query)
        room = limit // 2
        named = self.index.search(query, limit).tolist()
        numbers = dict.fromkeys([*prefixed[:room], *named, *prefixed[room:]])
        return [self.item(number) for number in list(numbers)[:limit]]

    def prefixed(self, query: bytes) -> list[int]:
        """Return the numbers of the symbols that begin with a query, the shortest first."""
        if len(query) >= self.ordered.itemsize:
            return []
        first = int(np.searchsorted(self.ordered, np.bytes_(query)))
        last = int(np.searchsorted(self.ordered, np.bytes_(query + b"\xff")))
        shortest = first + np.argsort(self.lengths[first:last], kind="stable")
        numbers: list[int] = self.places[shortest].tolist()
        return list(dict.fromkeys(numbers))

    def item(self, number: int) -> bytes:
        """Return an instrument's encoded form."""
        return self.items[int(self.ends[number]) + 1 : int(self.ends[number + 1])]


def build(version: int, names: bytes, symbols: bytes, items: bytes) -> SearchTable:
    """Build a table of three texts with a line an instrument: symbols and names, symbols, and encoded form.

    An instrument's present symbol leads its line; former ones follow it, each behind a space.
    """
    lines = np.flatnonzero(np.frombuffer(items, dtype=np.uint8) == ord("\n"))
    owned = [line.split(b" ") for line in fold(symbols.decode()).split(b"\n")] if items else []
    folded = [own[0] for own in owned]
    owners = list(range(len(folded)))
    for number, own in enumerate(owned):
        if len(own) > 1:
            folded += own[1:]
            owners += [number] * (len(own) - 1)
    # One byte more than the longest symbol: room for the byte that ends a range of beginnings.
    width = 1 + max(map(len, folded), default=0)
    unordered = np.array(folded, dtype=f"S{width}")
    places = np.argsort(unordered, kind="stable")
    return SearchTable(
        version=version,
        index=trigram_index.build(fold(names.decode())),
        ordered=unordered[places],
        lengths=np.char.str_len(unordered[places]),
        places=np.array(owners, dtype=np.intp)[places],
        items=items,
        ends=np.concatenate(([-1], lines, [len(items)])),
    )


def fold(text: str) -> bytes:
    """Return a text without case and accents, as UTF-8."""
    if not text.isascii():
        text = "".join(plain(unicodedata.normalize("NFKD", text.lower()))).translate(WHOLE)
    return text.lower().encode("utf-8", "replace")


def plain(letters: str) -> Iterable[str]:
    """Leave out the accents that stand as characters of their own."""
    return (letter for letter in letters if not unicodedata.combining(letter))
