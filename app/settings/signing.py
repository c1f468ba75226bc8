"""Is SECRET_KEY fit to sign with? Defaults, short keys and patterns are refused."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING

from app.domain.errors import SettingsError

if TYPE_CHECKING:
    from app.settings.tree import Settings

MIN_SECRET_BYTES = 32
MAKE_ONE = "Make one with `ops/setup.sh`, or `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`."
DEFAULTS = ("change", "secret", "password", "example", "default", "insecure")


def signing_key(settings: Settings) -> str:
    """Return SECRET_KEY; raise SettingsError when it is missing, too short or too simple to sign with."""
    key = settings.secret_key
    if _bytes_in(key) < MIN_SECRET_BYTES:
        message = f"SECRET_KEY must hold {MIN_SECRET_BYTES} random bytes or more (64 digits in hex). {MAKE_ONE}"
        raise SettingsError(message)
    if _is_simple(key):
        message = f"SECRET_KEY looks like a default, not like random bytes. {MAKE_ONE}"
        raise SettingsError(message)
    return key


def _bytes_in(key: str) -> int:
    """Return how many random bytes the key can hold: a hex digit is half of one."""
    return len(key) // 2 if set(key) <= set(string.hexdigits) else len(key.encode())


def _is_simple(key: str) -> bool:
    few = len(set(key)) < MIN_SECRET_BYTES // 3
    repeats = key in (key + key)[1:-1]
    steps = sum(abs(ord(one) - ord(after)) <= 1 for one, after in itertools.pairwise(key))
    return few or repeats or steps > len(key) // 2 or any(word in key.lower() for word in DEFAULTS)
