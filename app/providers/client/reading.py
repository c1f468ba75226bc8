"""Read lists out of replies: rows that do not fit are held back one by one, and pages lead nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from app.domain.quality import EVIDENCE, HeldRow
from app.providers.client.verdicts import RefusedError, decoded, refuse
from app.providers.client.wire import UnsoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

MOST_UNREADABLE = 0.05
LONGEST_SYMBOL = 100
Row = TypeVar("Row")
Fact = TypeVar("Fact")


def read_rows(results: msgspec.Raw, kind: type[Row], most: float = MOST_UNREADABLE) -> tuple[list[Row], list[HeldRow]]:
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
    objects = any(bytes(raw).startswith(b"{") for raw in raws)
    if not objects or len(unreadable) > max(1, most * len(raws)):
        raise whole
    return rows, unreadable


def read_each(
    results: msgspec.Raw, kind: type[Row], make: Callable[[Row], Fact | None], most: float = MOST_UNREADABLE
) -> tuple[list[Fact], list[HeldRow]]:
    """Decode the rows and make a fact of each; None leaves a row out, and UnsoundError holds it."""
    rows, unreadable = read_rows(results, kind, most)
    facts = []
    for row in rows:
        try:
            fact = make(row)
        except UnsoundError as e:
            unreadable.append(held_row(e, msgspec.to_builtins(row)))
            continue
        if fact is not None:
            facts.append(fact)
    refuse_too_many(unreadable, len(rows), most)
    return facts, unreadable


def refuse_too_many(unreadable: list[HeldRow], total: int, most: float = MOST_UNREADABLE) -> None:
    """Refuse a reply of which so many rows are unsound that the format itself must have changed."""
    if len(unreadable) > max(1, most * total):
        first = unreadable[0]
        refuse(f"{len(unreadable)} of {total} rows cannot be used; the first: {first.evidence[first.rule]}")


def refuse_other(told: object, asked: str) -> None:
    """Refuse a reply that tells of another symbol than the one that was asked for; BRK-B and BRK/B are BRK.B."""
    if not isinstance(told, str) or one_spelling(told) != one_spelling(asked):
        refuse(f"an answer about {str(told)[:40]!r}, though {asked} was asked for")


def one_spelling(symbol: str) -> str:
    """Return a symbol as one provider or another writes it, in one spelling."""
    return symbol.strip().casefold().replace("-", ".").replace("/", ".")


def held(rule: str, symbol: str, row: dict[str, Any], why: str = "", session: date | None = None) -> HeldRow:
    """Hold a row back."""
    return HeldRow(
        symbol=symbol[:LONGEST_SYMBOL], session=session, rule=rule, evidence={rule: why or EVIDENCE[rule]}, row=row
    )


def unread(raw: msgspec.Raw, why: str) -> HeldRow:
    """Hold a row back that does not fit its type."""
    return held_row(UnsoundError(why), decoded(raw, Any))


def held_row(error: UnsoundError, whole: Any) -> HeldRow:  # noqa: ANN401  whatever JSON can say
    """Hold a row back for what is wrong with it, under whatever it calls its ticker."""
    row = whole if isinstance(whole, dict) else {"row": whole}
    symbol = next((row[name] for name in ("T", "ticker", "symbol", "related") if name in row), "")
    return held(error.rule, str(symbol), row, str(error))


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
