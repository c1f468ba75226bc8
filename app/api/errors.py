"""Every error as RFC 9457 problem+json, from one table.

A status code is decided here and nowhere else. 400 means that the request does not fit the OpenAPI
description; 422 that it fits, but cannot be done as asked.
"""

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from app.domain.errors import (
    ConflictError,
    DependencyDownError,
    FencedError,
    ForbiddenError,
    GiveUpError,
    GroatError,
    InvalidRequestError,
    LaterError,
    UnauthorisedError,
    UnknownSubjectError,
)
from app.telemetry import metrics

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5


class Kind(NamedTuple):
    """What a code means: its status, its title, and what is said when nothing more exact is known."""

    status: int
    title: str
    detail: str


KINDS: Mapping[str, Kind] = {
    "bad_request": Kind(400, "Bad request", "The request does not fit the API's description: correct it."),
    "unauthorised": Kind(401, "Token needed", "This needs the operator's bearer token: `groat token` makes one."),
    "forbidden": Kind(403, "Not allowed", "The token does not allow this."),
    "not_found": Kind(404, "Not found", "There is nothing at this address."),
    "method_not_allowed": Kind(405, "Method not allowed", "The address does not take this method: see Allow."),
    "not_acceptable": Kind(406, "Not acceptable", "None of the accepted media types can be given."),
    "conflict": Kind(409, "Conflict", "That conflicts with what is already stored."),
    "too_large": Kind(413, "Too large", "The request body is larger than 1 MiB."),
    "unsupported_media_type": Kind(415, "Unsupported media type", "Send the body as application/json."),
    "invalid_request": Kind(422, "Cannot be done as asked", "The request is well-formed, but cannot be done."),
    "too_many_requests": Kind(429, "Too many requests", "Slow down: try again later."),
    "internal": Kind(500, "Internal error", "Something broke here. The log has it under the request id."),
    "later": Kind(503, "Not now", "That cannot be done now: try again later."),
    "dependency_down": Kind(503, "A service is away", "A service that Groat needs does not answer: try again shortly."),
}

# The one table: domain error -> code. The nearest base class counts.
CODES: Mapping[type[Exception], str] = {
    InvalidRequestError: "invalid_request",
    GiveUpError: "invalid_request",
    UnknownSubjectError: "not_found",
    ConflictError: "conflict",
    FencedError: "conflict",
    UnauthorisedError: "unauthorised",
    ForbiddenError: "forbidden",
    LaterError: "later",
    DependencyDownError: "dependency_down",
    RecursionError: "bad_request",
}
STATUS_CODES = {
    400: "bad_request",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    503: "dependency_down",
}
VALUE_IN_MESSAGE = re.compile(r"^(Invalid enum value).*", re.DOTALL)
log = structlog.get_logger("groat.api")


class InvalidField(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a request that was refused: where it stands, its name, and what is wrong with it."""

    where: str
    name: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error answer, by RFC 9457. `request_id` finds it in the log."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    errors: tuple[InvalidField, ...] = ()


class RefusedRequestError(HTTPException):
    """The edge refuses a request; `code` is a key of KINDS."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        fields: tuple[InvalidField, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        """Take the status from KINDS; `detail` must not repeat what the client sent in its query."""
        kind = KINDS[code]
        super().__init__(detail=detail or kind.detail, status_code=kind.status, headers=headers)
        self.code = code
        self.fields = fields


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Turn any exception into its problem+json answer; log and count what was unforeseen."""
    code = code_of(error)
    if code == "internal":
        metrics.EXCEPTIONS.labels(type(error).__name__).inc()
        log.error("request_failed", exc_info=error, path=request.scope.get("path_template", "unmatched"))
    request_id = str(request.scope.get("groat.request_id", ""))
    return Response(
        problem_bytes(code, detail_of(error, code), request_id, fields_of(error)),
        status_code=KINDS[code].status,
        media_type=PROBLEM_JSON,
        headers=headers_of(error, code),
    )


def problem_bytes(code: str, detail: str, request_id: str, fields: tuple[InvalidField, ...] = ()) -> bytes:
    """Encode the problem of a code."""
    kind = KINDS[code]
    return msgspec.json.encode(
        Problem(
            type=f"/problems/{code}",
            title=kind.title,
            status=kind.status,
            detail=detail,
            code=code,
            request_id=request_id,
            errors=fields,
        )
    )


def code_of(error: Exception) -> str:
    """Return the code, a key of KINDS, that stands for an exception."""
    if isinstance(error, RefusedRequestError):
        return error.code
    if isinstance(error, HTTPException):
        return STATUS_CODES.get(error.status_code, "internal")
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), "internal")


def detail_of(error: Exception, code: str) -> str:
    """Say what happened: a domain error's own words, never those of a library."""
    if code != "internal" and isinstance(error, GroatError):
        return str(error)
    if isinstance(error, RefusedRequestError):
        return error.detail
    return KINDS[code].detail


def fields_of(error: Exception) -> tuple[InvalidField, ...]:
    """Return the refused parts of a request, without the values that were sent."""
    if isinstance(error, RefusedRequestError):
        return error.fields
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return ()
    return tuple(
        InvalidField(
            where=str(item.get("source", "body")),
            name=str(item.get("key", "")),
            message=VALUE_IN_MESSAGE.sub(r"\1", str(item.get("message", ""))),
        )
        for item in error.extra
    )


def headers_of(error: Exception, code: str) -> dict[str, str]:
    """Return the headers that the status asks for: Allow, WWW-Authenticate, Retry-After."""
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if code == "method_not_allowed":
        allowed = {m.strip() for key in list(headers) if key.lower() == "allow" for m in headers.pop(key).split(",")}
        headers["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
    if code == "unauthorised":
        headers.setdefault("WWW-Authenticate", 'Bearer realm="groat"')
    if KINDS[code].status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait_s = math.ceil(error.wait_s) if isinstance(error, LaterError) else RETRY_AFTER_S
        headers["Retry-After"] = str(max(1, wait_s))
    return headers
