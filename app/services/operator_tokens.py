"""Mint and verify the operator's bearer token.

There are no accounts yet: whoever holds SECRET_KEY is the operator. A token is an HS256 JWT with a short life
and nothing to revoke it by but a new SECRET_KEY. Its times are machine time: a replayed market must not
make a token last for ever.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import jwt
import msgspec

from app.domain.errors import InvalidRequestError, UnauthorisedError

ALGORITHM = "HS256"
AUDIENCE = "groat-api"
ISSUER = "groat"
SUBJECT = "operator"
DEFAULT_LIFE = timedelta(hours=1)
MAX_LIFE = timedelta(hours=24)
LEEWAY_S = 10
CLAIMS = ("aud", "exp", "iat", "iss", "jti", "sub")


class OperatorToken(msgspec.Struct, frozen=True, kw_only=True):
    """A verified token: its id, whose it is, and its end, in seconds since 1970."""

    jti: str
    subject: str
    expires_s: int


def mint(key: str, *, life: timedelta = DEFAULT_LIFE, now: datetime | None = None) -> str:
    """Make a token that lasts `life` from `now` on (machine time; the present when not given).

    Raises InvalidRequestError when the life is not between a second and a day.
    """
    if not timedelta(seconds=1) <= life <= MAX_LIFE:
        message = f"A token lasts from 1 second to 24 hours; {life} was asked for."
        raise InvalidRequestError(message)
    at = int((now or datetime.now(UTC)).timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": SUBJECT,
        "iat": at,
        "exp": at + int(life.total_seconds()),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verify(key: str, token: str) -> OperatorToken:
    """Return what a token says; raise UnauthorisedError, saying why, when it is not a good one."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            subject=SUBJECT,
            leeway=LEEWAY_S,
            options={"require": list(CLAIMS), "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        message = "The token has expired: `groat token` makes a new one."
        raise UnauthorisedError(message) from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        message = "The token is not valid here: `groat token` makes one that is."
        raise UnauthorisedError(message) from None
    if claims["exp"] - claims["iat"] > MAX_LIFE.total_seconds():
        message = "The token lasts longer than a token may: `groat token` makes one that is accepted."
        raise UnauthorisedError(message)
    return OperatorToken(jti=claims["jti"], subject=claims["sub"], expires_s=int(claims["exp"]))
