"""Pack columns into PostgreSQL's binary COPY format, whole columns at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = -1
EPOCH_DATE = np.datetime64("2000-01-01", "D")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

# A column of any fixed-width type; None where every row is NULL.
Column = "npt.NDArray[Any] | None"


def dates(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int32]:
    """Return dates as PostgreSQL stores them: days since 2000-01-01."""
    return (days - EPOCH_DATE).astype(np.int32)


def moment(at: datetime) -> np.int64:
    """Return a time as PostgreSQL stores it: microseconds since 2000-01-01 UTC."""
    delta = at - EPOCH
    return np.int64((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def constant(value: np.generic | bytes, count: int) -> npt.NDArray[Any]:
    """Return a column that holds one value."""
    return np.full(count, value, dtype=f"S{len(value)}" if isinstance(value, bytes) else value.dtype)


def pack(columns: Sequence[npt.NDArray[Any] | None], count: int) -> bytes:
    """Return `count` rows of these columns, without header and trailer.

    A number goes out in network order at its own width, so each array must have the exact type of its column.
    """
    fields: list[tuple[str, str | np.dtype[Any]]] = [("fields", ">i2")]
    for i, column in enumerate(columns):
        fields.append((f"size{i}", ">i4"))
        if column is not None:
            fields.append((f"value{i}", column.dtype.newbyteorder(">")))
    rows = np.empty(count, dtype=fields)
    rows["fields"] = len(columns)
    for i, column in enumerate(columns):
        rows[f"size{i}"] = NULL if column is None else column.dtype.itemsize
        if column is not None:
            rows[f"value{i}"] = column
    return rows.tobytes()


def pack_with_nulls(
    columns: Sequence[npt.NDArray[Any]],
    null: Sequence[tuple[int, npt.NDArray[np.bool_]]],
    order: npt.NDArray[np.intp],
) -> bytes:
    """Return the rows of the columns in an order; `null` names columns and marks their NULLs.

    Rows with the same pattern of NULLs have the same width, so each pattern is packed at once, and the order holds
    within each.
    """
    pattern = np.zeros(len(order), dtype=np.int64)
    for bit, (_, mask) in enumerate(null):
        pattern |= mask.astype(np.int64) << bit
    pattern = pattern[order]
    blocks = []
    for found in np.unique(pattern).tolist():
        rows = order[pattern == found]
        absent = {i for bit, (i, _) in enumerate(null) if found >> bit & 1}
        block = [None if i in absent else column[rows] for i, column in enumerate(columns)]
        blocks.append(pack(block, len(rows)))
    return b"".join([HEADER, *blocks, TRAILER])
