"""Say what went wrong on this machine and what to do about it."""

from typing import Final

EXIT_FAILED: Final = 1
EXIT_NOT_AVAILABLE: Final = 3


class LocalStackError(Exception):
    """The local stack cannot go on; the message says what happened and what to do."""
