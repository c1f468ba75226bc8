"""The frame around every request: its id, its metrics, its headers, and HEAD for every GET.

It is the hottest code of the API: the children of metrics are bound once for each (method, endpoint, status),
headers are encoded once, and nothing is allocated that a request does not need.
"""

import itertools
import re
import secrets
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from app.api.errors import PROBLEM_JSON, problem_bytes
from app.telemetry import metrics
from app.telemetry.batch import BATCH
from app.telemetry.logging import REQUEST_ID

# ASGI as it is on the wire, before Litestar.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
TYPE_IN_TEMPLATE = re.compile(r":\w+\}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SERVER_ERROR = 500
# What nginx calls it: the client left before its answer began, which is no fault of the server's.
CLIENT_GONE = 499
# An answer that names its own policy or caching keeps it.
ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
CONTENT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE = (b"cache-control", b"no-store")
log = structlog.get_logger("groat.access")


class Bound(NamedTuple):
    """The metrics of one (method, endpoint, status), labels applied."""

    requests: Any
    duration: Any


class Frame:
    """An ASGI application around the API."""

    def __init__(self, app: App, *, log_requests: bool = False) -> None:
        """Wrap `app`; `log_requests` writes a line for each request (otherwise for server errors only)."""
        self.app = app
        self.log_requests = log_requests
        self.bound: dict[tuple[str, str, int], Bound] = {}
        self.prefix = secrets.token_hex(6)
        self.numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; pass everything else (the lifespan) on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        request_id = scope["groat.request_id"] = self.request_id(scope)
        REQUEST_ID.set(request_id)
        method: str = scope["method"]
        if method == "HEAD":
            answer: Answer = HeadAnswer(send, request_id)
            scope["method"] = "GET"
            scope["groat.head"] = True
        else:
            answer = Answer(send, request_id)
        try:
            if "\0" in scope["path"]:
                await refuse_path(scope, answer)
            else:
                await self.app(scope, receive, answer)
        except CancelledError:
            answer.status = answer.status or CLIENT_GONE
            raise
        finally:
            # A stream without end says when its head was sent.
            ended: float = scope.get("groat.answered") or perf_counter()
            self.count(scope, method, answer.status or SERVER_ERROR, ended - started)

    def request_id(self, scope: Scope) -> str:
        """Return the client's X-Request-ID when it is a sane one (64 letters, digits or ``._:-``), or a new one."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        for name, value in headers:
            if name == b"x-request-id" and SANE_ID.fullmatch(value):
                return value.decode("ascii")
        return f"{self.prefix}-{next(self.numbers):x}"

    def count(self, scope: Scope, method: str, status: int, elapsed_s: float) -> None:
        """Count one answer under its route's template."""
        template: str = scope.get("path_template") or "unmatched"
        key = (template, method, status)
        bound = self.bound.get(key)
        if bound is None:
            bound = self.bind(template, method, status)
            if method in METHODS:
                self.bound[key] = bound
        BATCH.count(bound.requests)
        BATCH.observe(bound.duration, elapsed_s)
        if self.log_requests or status >= SERVER_ERROR:
            endpoint = TYPE_IN_TEMPLATE.sub("}", template)
            log.info("request", method=method, endpoint=endpoint, status=status, ms=round(elapsed_s * 1_000, 2))

    @staticmethod
    def bind(template: str, method: str, status: int) -> Bound:
        """Apply the labels of a (method, endpoint, status)."""
        endpoint = TYPE_IN_TEMPLATE.sub("}", template)
        known = method if method in METHODS else "other"
        return Bound(
            metrics.HTTP_REQUESTS.labels(known, endpoint, str(status)), metrics.HTTP_DURATION.labels(known, endpoint)
        )


class Whole(list[tuple[bytes, bytes]]):
    """Headers that have been completed already, so that an answer which is given often is completed once."""


def completed(given: Iterable[tuple[bytes, bytes]]) -> Whole:
    """Return an answer's headers with those that every answer has."""
    whole = Whole([*given, *ALWAYS])
    names = [name for name, _ in given]
    if b"content-security-policy" not in names:
        whole.append(CONTENT_POLICY)
    if b"cache-control" not in names:
        whole.append(NO_STORE)
    return whole


class Answer:
    """The way out of one request: adds headers and remembers the status."""

    __slots__ = ("request_id", "send", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        """Wrap the server's `send`; the status is 0 until the answer begins."""
        self.send = send
        self.request_id = request_id
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        """Pass a message of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message["headers"]
            whole = given if type(given) is Whole else completed(given)
            message["headers"] = [*whole, (b"x-request-id", self.request_id.encode("ascii"))]
        return self.send(message)


class HeadAnswer(Answer):
    """The way out of a HEAD request: GET's headers without its body."""

    __slots__ = ("ended",)

    def __init__(self, send: Send, request_id: str) -> None:
        """Wrap the server's `send`."""
        super().__init__(send, request_id)
        self.ended = False

    def __call__(self, message: Message) -> Awaitable[None]:
        """Pass the head on, and one empty body."""
        if message["type"] == "http.response.body":
            if self.ended:
                return nothing()
            self.ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        return super().__call__(message)


async def nothing() -> None:
    """Send no more."""


async def refuse_path(scope: Scope, send: Send) -> None:
    """Answer 400 to a path that no resource can have."""
    body = problem_bytes("bad_request", "NUL characters are not text.", str(scope.get("groat.request_id", "")))
    headers = [(b"content-type", PROBLEM_JSON.encode("ascii")), (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
