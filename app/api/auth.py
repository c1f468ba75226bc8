"""Who may use a route: nobody, unless the route says otherwise.

The token is read from the Authorization header only. A verified token is remembered until it ends, so
that a busy client costs one signature, not one a request.
"""

import time
from collections.abc import Iterable
from typing import Any

from litestar.types import Scope

from app.domain.errors import UnauthorisedError
from app.services import operator_tokens

MAX_REMEMBERED = 256
MAX_TOKEN_BYTES = 2_048
ACCESS = frozenset({"public", "read", "operate"})


class Doorkeeper:
    """Decides, for one process, whether a request may pass."""

    def __init__(self, key: str, *, reads_are_free: bool) -> None:
        """Keep the signing key; `reads_are_free` opens `read` routes to everybody (dev)."""
        self.key = key
        self.reads_are_free = reads_are_free
        self.remembered: dict[bytes, int] = {}

    def admit(self, access: object, scope: Scope) -> None:
        """Return when the request may use a route of this access; raise UnauthorisedError otherwise."""
        if access == "public" or (access == "read" and self.reads_are_free):
            return
        self.authenticate(scope)

    def authorised(self, scope: Scope) -> bool:
        """Tell whether a request may use a `read` route: for answers given before any routing."""
        if self.reads_are_free:
            return True
        try:
            self.authenticate(scope)
        except UnauthorisedError:
            return False
        return True

    def authenticate(self, scope: Scope) -> None:
        """Return when the request bears a good token; raise UnauthorisedError otherwise."""
        token = bearer(scope["headers"])
        ends = self.remembered.get(token)
        if ends is not None and ends > time.time():
            return
        verified = operator_tokens.verify(self.key, token.decode("ascii"))
        if len(self.remembered) >= MAX_REMEMBERED:
            self.remembered.clear()
        self.remembered[token] = verified.expires_s


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the token of the one Authorization header; raise UnauthorisedError when there is none such."""
    found = [value for name, value in headers if name == b"authorization"]
    if not found:
        raise UnauthorisedError
    scheme, _, token = found[0].strip().partition(b" ")
    token = token.strip()
    if (
        len(found) > 1
        or scheme.lower() != b"bearer"
        or not token
        or len(token) > MAX_TOKEN_BYTES
        or not token.isascii()
    ):
        message = "The Authorization header must be: Bearer, a space, and one token from `groat token`."
        raise UnauthorisedError(message)
    return token


def access_of(handler: Any) -> str:  # noqa: ANN401  Litestar's handlers share no useful type
    """Return what a route says of who may use it; empty when it says nothing."""
    access = handler.opt.get("access", "")
    return access if access in ACCESS else ""
