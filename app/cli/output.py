"""Answers on the terminal: aligned tables for people, JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

GAP = "  "
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def print_json(value: object) -> None:
    """Print anything that msgspec can encode, indented; one value, so that it parses whole."""
    import msgspec  # noqa: PLC0415  heavy, and only wanted here

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print rows in columns as wide as their widest cell; columns named in `right` are aligned to the right."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(headings, *texts, strict=True)]
    to_right = [heading in right for heading in headings]
    click.echo(click.style(_line(headings, widths, to_right), bold=True))
    for row in texts:
        click.echo(_line(row, widths, to_right))


def span(seconds: float) -> str:
    """Write a span of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 05 min`, `4 d 03 h`."""
    whole = max(0, round(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02d} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02d} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S:02d} h"


def moment(at: datetime | None) -> str:
    """Write a time in UTC, to the second; nothing for none."""
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def _line(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    columns = zip(cells, widths, to_right, strict=True)
    return GAP.join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns).rstrip()
