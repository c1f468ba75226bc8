"""The market's date at a moment, and the moments at which its date changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidRequestError
from app.domain.sessions import NEW_YORK

ZONE = ZoneInfo(NEW_YORK)
FIRST_YEAR, LAST_YEAR = 1900, 9000


def market_date(at: datetime) -> date:
    """Return New York's date at an aware moment."""
    return at.astimezone(ZONE).date()


def day_end(day: date) -> datetime:
    """Return, aware UTC, the midnight in New York that ends a day."""
    return datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)


def known_as_of(text: str, now: datetime) -> datetime | None:
    """Read an as-of: an aware ISO 8601 timestamp, or a date, which stands for that day's end in New York.

    Return it aware UTC, or None when it means now: today's date. Raises InvalidRequestError for a naive
    timestamp, one in the future, and what is neither.
    """
    # A plus sign in a query means a space, and is seldom escaped.
    plain = text[:-6] + "+" + text[-5:] if text[-6:-5] == " " and "T" in text else text
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        message = "`as_of` must be a date (2010-05-06) or a timestamp with its zone (2010-05-06T18:45:00Z)."
        raise InvalidRequestError(message) from None
    is_date = "T" not in plain and " " not in plain
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        message = f"`as_of` must be in a year from {FIRST_YEAR} to {LAST_YEAR}."
        raise InvalidRequestError(message)
    if is_date and at.date() == market_date(now):
        return None
    if is_date:
        # The last moment of the day: midnight is the next day's, and so are its ex-dates.
        at = day_end(at.date()) - timedelta(microseconds=1)
    elif at.tzinfo is None:
        message = "`as_of` needs its zone: end it with Z, or with an offset such as -04:00."
        raise InvalidRequestError(message)
    if at > now:
        message = f"`as_of` is in the future: the market's time is {now.astimezone(UTC).isoformat(timespec='seconds')}."
        raise InvalidRequestError(message)
    return at.astimezone(UTC)
