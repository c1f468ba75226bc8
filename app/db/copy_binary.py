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


def dates(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int32]:
    """Return dates as PostgreSQL stores them: days since 2000-01-01."""
    return (days - EPOCH_DATE).astype(np.int32)


def moment(at: datetime) -> npt.NDArray[np.int64]:
    """Return a constant column of a time as PostgreSQL stores it: microseconds since 2000-01-01 UTC."""
    delta = at - EPOCH
    return np.array((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def text(value: str) -> npt.NDArray[np.bytes_]:
    """Return a constant column of text."""
    return np.array(value.encode())


def pack(columns: Sequence[npt.NDArray[Any] | None], count: int) -> bytearray:
    """Return `count` rows of these columns, without header and trailer.

    A column is an array of `count` values, an array without dimensions for one that is the same in each row, or None
    for one that is NULL in each. A number goes out in network order at its own width, so each must have
    the exact type of its column.
    """
    fields: list[tuple[str, str | np.dtype[Any]]] = [("fields", ">i2")]
    for i, column in enumerate(columns):
        fields.append((f"size{i}", ">i4"))
        if column is not None:
            fields.append((f"value{i}", column.dtype.newbyteorder(">")))
    template = np.zeros(1, dtype=fields)
    template["fields"] = len(columns)
    for i, column in enumerate(columns):
        template[f"size{i}"] = NULL if column is None else column.dtype.itemsize
        if column is not None and column.ndim == 0:
            template[f"value{i}"] = column
    block = bytearray(template.tobytes() * count)
    rows = np.frombuffer(block, dtype=template.dtype)
    for i, column in enumerate(columns):
        if column is not None and column.ndim:
            rows[f"value{i}"] = column
    return block


def pack_with_nulls(
    columns: Sequence[npt.NDArray[Any]],
    null: Sequence[tuple[int, npt.NDArray[np.bool_]]],
    order: npt.NDArray[np.intp],
) -> bytes:
    """Return the rows of the columns in an order; `null` names columns and marks their NULLs.

    Rows with the same pattern of NULLs have the same width, so each pattern is packed at once, and the order holds
    within each.
    """
    pattern = np.zeros(len(order), dtype=np.int8)
    for bit, (_, mask) in enumerate(null):
        pattern |= mask.astype(np.int8) << bit
    pattern = pattern[order]
    blocks = []
    for found in np.flatnonzero(np.bincount(pattern)).tolist():
        rows = order[pattern == found]
        absent = {i for bit, (i, _) in enumerate(null) if found >> bit & 1}
        block = [None if i in absent else column[rows] if column.ndim else column for i, column in enumerate(columns)]
        blocks.append(pack(block, len(rows)))
    return b"".join([HEADER, *blocks, TRAILER])
