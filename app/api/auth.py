"""Who may use a route: nobody, unless the route says otherwise.

The token is read from the Authorization header only. A verified token is remembered until it ends, so
that a busy client costs one signature, not one a request.
"""

import time
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.types import Scope

from app.domain.errors import SettingsError, UnauthorisedError
from app.services import operator_tokens

MAX_REMEMBERED = 256
MAX_TOKEN_BYTES = 2_048
ACCESS = frozenset({"public", "read", "scrape", "operate"})
Networks = tuple[IPv4Network | IPv6Network, ...]


class Doorkeeper:
    """Decides, for one process, whether a request may pass."""

    def __init__(self, key: str, *, reads_are_free: bool, scrapers: Networks = ()) -> None:
        """Keep the signing key.

        `reads_are_free` opens `read` routes to everybody (dev); `scrapers` may use `scrape` routes without a
        token, when no proxy stands between.
        """
        self.key = key
        self.reads_are_free = reads_are_free
        self.is_scraper = lru_cache(256)(lambda host: within(host, scrapers))
        self.remembered: dict[bytes, int] = {}

    def admit(self, access: object, scope: Scope) -> None:
        """Return when the request may use a route of this access; raise UnauthorisedError otherwise."""
        if access == "public" or (access in {"read", "scrape"} and self.reads_are_free):
            return
        if access == "scrape" and self.is_direct_scraper(scope):
            return
        self.authenticate(scope)

    def is_direct_scraper(self, scope: Scope) -> bool:
        """Tell whether a request comes from a scraper's address, and not through a proxy there."""
        forwarded = any(name in {b"x-forwarded-for", b"forwarded"} for name, _ in scope["headers"])
        client = scope["client"]
        return client is not None and not forwarded and self.is_scraper(client[0])

    def authorised(self, scope: Scope) -> bool:
        """Tell whether a request may use a `read` route: for answers given before any routing."""
        if self.reads_are_free:
            return True
        try:
            self.authenticate(scope)
        except UnauthorisedError:
            return False
        return True

    def token(self, scope: Scope) -> operator_tokens.OperatorToken:
        """Return what a request's token says; raise UnauthorisedError when it bears no good one."""
        return operator_tokens.verify(self.key, bearer(scope["headers"]).decode("ascii"))

    def subject(self, scope: Scope) -> str:
        """Return whose token a request bears; raise UnauthorisedError when it bears no good one."""
        return self.token(scope).subject

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


def networks_of(text: str) -> Networks:
    """Parse addresses and networks, by commas; raise SettingsError for anything else."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as e:
        message = f"GROAT_API__METRICS_FROM is not a list of addresses and networks: {e}."
        raise SettingsError(message) from None


def within(host: str, networks: Networks) -> bool:
    """Tell whether a host's address is in one of the networks; a name is in none."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)


def access_of(handler: Any) -> str:  # noqa: ANN401  Litestar's handlers share no useful type
    """Return what a route says of who may use it; empty when it says nothing."""
    access = handler.opt.get("access", "")
    return access if access in ACCESS else ""
