"""Read Polygon's parameters; what cannot be read is refused with status 400."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from app.replay.market_day import ZONE
from app.replay.polygon.answers import bad_request, bad_time

if TYPE_CHECKING:
    from collections.abc import Mapping

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MILLISECONDS = re.compile(r"-?\d{1,14}")


def iso_date(value: str, name: str) -> date:
    """Read YYYY-MM-DD."""
    if not ISO_DATE.fullmatch(value):
        raise bad_time(name)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise bad_time(name) from None


def moment(value: str, name: str) -> date:
    """Read YYYY-MM-DD, or milliseconds since 1970, as a date in New York."""
    if not MILLISECONDS.fullmatch(value):
        return iso_date(value, name)
    try:
        return datetime.fromtimestamp(int(value) / 1_000, UTC).astimezone(ZONE).date()
    except (ValueError, OverflowError, OSError):
        raise bad_time(name) from None


def flag(params: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Read true or false."""
    value = params.get(name, "").lower()
    if value not in {"", "true", "false"}:
        text = f"The parameter '{name}' must be true or false"
        raise bad_request(text)
    return value == "true" if value else default


def choice(params: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """Read one of some words."""
    value = params.get(name) or default
    if value not in allowed:
        text = f"The parameter '{name}' must be one of: {', '.join(allowed)}"
        raise bad_request(text)
    return value


def whole(value: str, name: str, least: int, most: int) -> int:
    """Read a whole number between two others."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 9 and least <= int(value) <= most):  # noqa: PLR2004  nine digits are a small integer
        text = f"The parameter '{name}' must be a number between {least} and {most}"
        raise bad_request(text)
    return int(value)
