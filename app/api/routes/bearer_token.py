"""The bearer token about itself: whose it is, and until when it is good."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, get

from app.api.deps import OPERATE, DoorkeeperDependency


class BearerToken(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token a request bears, and when it ends (machine time, as of all tokens)."""

    subject: str
    expires_at: datetime
    machine_time: datetime


@get("/token", **OPERATE, operation_id="getToken", tags=["system"], summary="Is this token good, and until when?")
async def token(request: Request[Any, Any, Any], doorkeeper: DoorkeeperDependency) -> BearerToken:
    """Return whose the request's token is and when it ends; it changes nothing, and never returns the token.

    401 tells that it has expired, or is not valid here. `machine_time` is there so that a client whose own clock is
    wrong can still tell how long is left.
    """
    verified = doorkeeper.token(request.scope)
    return BearerToken(
        subject=verified.subject,
        expires_at=datetime.fromtimestamp(verified.expires_s, UTC),
        machine_time=datetime.now(UTC),
    )


ROUTES: list[Any] = [token]
