"""Cursors: where the next page goes on, opaque to the client.

A cursor is not signed: it can only say where to go on within what its holder may read anyway.
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from app.domain.errors import InvalidRequestError

T = TypeVar("T")
# What the QueryParameter of every cursor should say.
MAX_LENGTH = 512
PATTERN = r"^[A-Za-z0-9_-]*$"


def encode(*key: object) -> str:
    """Make a cursor of the last row's key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode("ascii").rstrip("=")


def decode(cursor: str, kind: type[T]) -> T:
    """Return the key, a tuple of type `kind`; raise InvalidRequestError for what `encode` did not make."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        message = "The cursor is not one that was given out here: start again without it."
        raise InvalidRequestError(message) from None
    if "\0" in raw.decode("utf-8", "replace") or b"\\u0000" in raw:
        message = "The cursor is not one that was given out here: start again without it."
        raise InvalidRequestError(message)
    return key
