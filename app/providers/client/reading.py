"""Read lists out of replies: rows that do not fit are held back one by one, and pages lead nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from app.domain.quality import EVIDENCE, HeldRow
from app.providers.client.verdicts import RefusedError, decoded, refuse

if TYPE_CHECKING:
    from datetime import date

MOST_UNREADABLE = 0.05
LONGEST_SYMBOL = 100
Row = TypeVar("Row")


def read_rows(results: msgspec.Raw, kind: type[Row]) -> tuple[list[Row], list[HeldRow]]:
    """Decode the rows; those that do not fit are held, unless so many that the format itself must have changed."""
    if bytes(results) == b"null":
        return [], []
    try:
        return decoded(results, list[kind]), []  # type: ignore[valid-type]  # built at run time
    except RefusedError as e:
        whole = e
    raws = decoded(results, list[msgspec.Raw])
    rows, unreadable = [], []
    for raw in raws:
        try:
            rows.append(decoded(raw, kind))
        except RefusedError as e:
            unreadable.append(unread(raw, str(e)))
    if len(unreadable) > max(1, MOST_UNREADABLE * len(raws)):
        raise whole
    return rows, unreadable


def held(rule: str, symbol: str, row: dict[str, Any], why: str = "", session: date | None = None) -> HeldRow:
    """Hold a row back."""
    return HeldRow(
        symbol=symbol[:LONGEST_SYMBOL], session=session, rule=rule, evidence={rule: why or EVIDENCE[rule]}, row=row
    )


def unread(raw: msgspec.Raw, why: str) -> HeldRow:
    """Hold a row back that does not fit its type, under whatever it calls its ticker."""
    whole: Any = decoded(raw, Any)
    row = whole if isinstance(whole, dict) else {"row": whole}
    return held("unreadable", str(row.get("T", row.get("ticker", ""))), row, why)


def next_cursor(next_url: str | None, hosts: frozenset[str], path: str) -> str | None:
    """Take the cursor out of `next_url`; refuse an address that is not the same endpoint on an allowed host.

    Only the cursor is used, on our own base address: the key never goes where a reply says.
    """
    if not next_url:
        return None
    try:
        parts = urlsplit(next_url)
        cursor = parse_qs(parts.query).get("cursor", [""])[0]
    except ValueError:
        refuse("a next_url that is no address")
    if parts.hostname not in hosts or parts.path != path or not cursor:
        refuse(f"a next_url that leads elsewhere ({parts.hostname}{parts.path})")
    return cursor
