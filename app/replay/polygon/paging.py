"""Lists of the reference endpoints: filters, order, pages and the cursor in `next_url`."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import msgspec

from app.replay.polygon import answers, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.replay.dialect import Call, Reply

Row = dict[str, object]
MAX_ROWS = 1_000
MARKER = "page_marker"
NOT_PAGED = {"apiKey", "cursor"}
OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "": lambda value, limit: value == limit,
    ".gt": lambda value, limit: value > limit,  # type: ignore[operator]  # both are of the field's one type
    ".gte": lambda value, limit: value >= limit,  # type: ignore[operator]  # the same
    ".lt": lambda value, limit: value < limit,  # type: ignore[operator]  # the same
    ".lte": lambda value, limit: value <= limit,  # type: ignore[operator]  # the same
}


class ListSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one endpoint's rows may be asked for.

    `fields` maps the fields that can be filtered to how a value of theirs is read. The fields of `key` name one
    row, and give the order in which the endpoint hands over its rows.
    """

    fields: Mapping[str, Callable[[str, str], object]]
    key: tuple[str, ...]
    sorts: tuple[str, ...]
    default_order: str
    default_limit: int
    counted: bool


def opened(params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that a cursor stands for; without a cursor, the request's own."""
    cursor = params.get("cursor")
    if cursor is None:
        return {name: value for name, value in params.items() if name not in NOT_PAGED}
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)))
    except (binascii.Error, ValueError):
        text = "The parameter 'cursor' is not valid"
        raise answers.bad_request(text) from None


def closed(params: Mapping[str, str]) -> str:
    """Return the cursor for some parameters."""
    return urlsafe_b64encode(urlencode(sorted(params.items())).encode()).decode().rstrip("=")


def answer(call: Call, spec: ListSpec, rows: Sequence[Row], extra: Row | None = None) -> Reply:
    """Answer with one page of rows in the order of `spec.key`; each gets the `extra` fields, which sort nothing."""
    params = opened(call.params)
    sort = parameters.choice(params, "sort", spec.sorts, spec.sorts[0])
    order = parameters.choice(params, "order", ("asc", "desc"), spec.default_order)
    limit = parameters.whole(params.get("limit") or str(spec.default_limit), "limit", 1, MAX_ROWS)
    kept = filtered(rows, params, spec)

    def place(row: Row) -> tuple[str, ...]:
        return tuple(sortable(row.get(field)) for field in dict.fromkeys((sort, *spec.key)))

    if (sort,) != spec.key:
        kept = sorted(kept, key=place)
    marker = read_marker(params.get(MARKER), len(place({})))
    if order == "asc":
        start = bisect_right(kept, marker, key=place) if marker else 0
        page, more = kept[start : start + limit], start + limit < len(kept)
    else:
        stop = bisect_left(kept, marker, key=place) if marker else len(kept)
        page, more = kept[max(0, stop - limit) : stop][::-1], stop > limit
    tail: dict[str, object] = {"count": len(page)} if spec.counted else {}
    if more:
        following = {**params, "sort": sort, "order": order, "limit": str(limit), MARKER: "|".join(place(page[-1]))}
        tail["next_url"] = f"{call.base_url}{call.path}?cursor={closed(following)}"
    return answers.ok({}, results=[{**row, **(extra or {})} for row in page], tail=tail)


def filtered(rows: Sequence[Row], params: Mapping[str, str], spec: ListSpec) -> Sequence[Row]:
    """Keep the rows that meet every filter; a row without the field does not meet it."""
    for field, read in spec.fields.items():
        for suffix, holds in OPERATORS.items():
            text = params.get(field + suffix)
            if text:
                limit = read(text, field + suffix)
                rows = [row for row in rows if row.get(field) is not None and holds(row[field], limit)]
    return rows


def sortable(value: object) -> str:
    """Return a text that sorts as the value does; nothing sorts first."""
    return f"{value:020.6f}" if isinstance(value, (int, float)) else str(value or "")


def read_marker(marker: str | None, length: int) -> tuple[str, ...] | None:
    """Return the place that a marker names; only its first part may hold the separator."""
    return tuple(marker.rsplit("|", length - 1)) if marker else None
