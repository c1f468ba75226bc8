"""Everything that may go wrong, in words for the user.

A class's docstring is its default message. What a caller should do next is part of the type, so that no
layer has to read the text of an error to decide.
"""

from __future__ import annotations

from typing import ClassVar


class GroatError(Exception):
    """Groat could not do what was asked."""

    code: ClassVar[str] = "groat_error"

    def __init__(self, message: str | None = None) -> None:
        """Use the docstring when no message is given."""
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class InvalidRequestError(GroatError):
    """The request is not valid: correct it and send it again."""

    code = "invalid_request"


class UnknownSubjectError(GroatError):
    """There is nothing of that name here."""

    code = "not_found"


class ConflictError(GroatError):
    """That conflicts with what is already stored."""

    code = "conflict"


class UnauthorisedError(GroatError):
    """This needs the operator's bearer token: `groat token` makes one."""

    code = "unauthorised"


class ForbiddenError(GroatError):
    """The token does not allow this."""

    code = "forbidden"


class DependencyDownError(GroatError):
    """A service that Groat needs does not answer: try again shortly; `groat doctor` says which one."""

    code = "dependency_down"


class SettingsError(GroatError):
    """A setting is missing or wrong."""

    code = "settings"


class LaterError(GroatError):
    """Not now: the work is deferred, no attempt is charged.

    `wait_s` is in machine seconds.
    """

    code = "later"

    def __init__(self, message: str | None = None, *, wait_s: float) -> None:
        """Say why, and after how many machine seconds it is worth trying again."""
        super().__init__(message)
        self.wait_s = wait_s


class GiveUpError(GroatError):
    """This will never work as asked: do not retry it."""

    code = "give_up"


class FencedError(GroatError):
    """Another worker took this step over: nothing was written."""

    code = "fenced"
