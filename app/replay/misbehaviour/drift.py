"""Change the rows of an answer: renamed fields, other types, nulls, twice the same, another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.replay.misbehaviour.rules import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = tuple[str | None, Any]
    Rows = list[Row]

EVERY_NULL = 3
RENAMED = "_v2"


def drifted(body: bytes, kind: Kind) -> bytes:
    """Return a JSON body with its rows changed; without rows, the innermost object is taken as the only one."""
    whole = msgspec.json.decode(body)
    change = CHANGES[kind]
    if isinstance(whole, list):
        return encoded(array(change([(None, row) for row in whole])))
    place = longest(whole)
    if place is None:
        return encoded(one(whole, change))
    rows = whole[place]
    if isinstance(rows, list):
        whole[place] = array(change([(None, row) for row in rows]))
    else:
        whole[place] = keyed(change(list(rows.items())))
    return encoded(whole)


def longest(whole: dict[str, Any]) -> str | None:
    """Return where the rows are: the longest list, or object of objects."""
    sizes = {
        name: len(value)
        for name, value in whole.items()
        if value and (isinstance(value, list) or (isinstance(value, dict) and all(map(is_object, value.values()))))
    }
    return max(sizes, key=sizes.__getitem__) if sizes else None


def one(whole: dict[str, Any], change: Callable[[Rows], Rows]) -> object:
    """Change an answer that is about one thing."""
    for name, value in whole.items():
        if is_object(value) and value:
            return {**whole, name: change([(None, value)])[0][1]}
    return change([(None, whole)])[0][1]


def is_object(value: object) -> bool:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def array(rows: Rows) -> list[Any]:
    """Return rows without their keys."""
    return [row for _, row in rows]


def keyed(rows: Rows) -> msgspec.Raw:
    """Return rows as one object, in which a key may come twice."""
    inside = b",".join(msgspec.json.encode(key) + b":" + encoded(row) for key, row in rows)
    return msgspec.Raw(b"{" + inside + b"}")


def encoded(value: object) -> bytes:
    """Encode JSON, and NaN as the bare word that is no JSON."""
    return msgspec.json.encode(value).replace(b'"<NaN>"', b"NaN")


def renamed(row: object) -> object:
    """Rename the first field that holds a number, else the first one."""
    if not isinstance(row, dict) or not row:
        return row
    name = next((name for name, value in row.items() if is_number(value)), next(iter(row)))
    return {f"{key}{RENAMED}" if key == name else key: value for key, value in row.items()}


def is_number(value: object) -> bool:
    """Tell whether a JSON value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_numeric(value: object) -> bool:
    """Tell whether a text reads as a number, as some providers write theirs."""
    return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdecimal()


def numbers(row: object, change: Callable[[Any], Any]) -> object:
    """Change every number of a row, also those written as text."""
    if isinstance(row, dict):
        return {name: numbers(value, change) for name, value in row.items()}
    if isinstance(row, list):
        return [numbers(value, change) for value in row]
    return change(row) if is_number(row) or is_numeric(row) else row


def retyped(value: float | str) -> float | str:
    """Turn a number into a text, and a text into a number."""
    return float(value) if isinstance(value, str) else str(value)


def negative(value: float | str) -> float | str:
    """Turn a number round."""
    return f"-{value}" if isinstance(value, str) else -value


def undefined(value: float | str) -> str:
    """Say that a number is none, in the way its type allows."""
    return "NaN" if isinstance(value, str) else "<NaN>"


def nulls(rows: Rows) -> Rows:
    """Put null for every third row; the only row gets null for each of its fields."""
    if len(rows) == 1 and isinstance(rows[0][1], dict):
        return [(rows[0][0], dict.fromkeys(rows[0][1]))]
    return [(key, None if place % EVERY_NULL == 0 else row) for place, (key, row) in enumerate(rows)]


def each(change: Callable[[Any], Any]) -> Callable[[Rows], Rows]:
    """Change row by row."""
    return lambda rows: [(key, change(row)) for key, row in rows]


CHANGES: dict[Kind, Callable[[Rows], Rows]] = {
    Kind.RENAMED_FIELD: each(renamed),
    Kind.NUMBER_AS_TEXT: each(lambda row: numbers(row, retyped)),
    Kind.NULL_ROWS: nulls,
    Kind.DUPLICATE_ROWS: lambda rows: [row for row in rows for _ in range(2)],
    Kind.REVERSED_ROWS: lambda rows: rows[::-1],
    Kind.NEGATIVE_NUMBERS: each(lambda row: numbers(row, negative)),
    Kind.NOT_A_NUMBER: each(lambda row: numbers(row, undefined)),
}
