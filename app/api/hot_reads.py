"""How a read is answered: 304 when the client has it, kept bytes when nothing changed, else made and kept.

`HotReads` is the short cut: a request that came in just these bytes before is not routed and read again. Its
answer is given from memory, or made anew by the plan that was settled then. It stands inside the frame, so
request ids, metrics and security headers hold.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from app.api.middleware import App, Receive, Scope, Send, completed
from app.bootstrap import House
from app.ports.answers import HotAnswer

# Moves when the same facts are written in other bytes.
REPRESENTATION: Final = b"1"
# Kept by browsers, asked about each time: an unchanged answer costs a 304.
CACHE_CONTROL: Final = b"private, no-cache"
JSON: Final = "application/json"
# Bounds on what strangers can make us remember.
PLANS_MAX: Final = 2_048
RAW_MAX: Final = 4_096
PLAN: Final = "groat.plan"
Raw = tuple[str, bytes, bytes]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question, in the form that is asked for.

    `about` is a frozen Struct that holds all that the answer depends on, but for the datasets' versions.
    `expires_at` is the market time from which the same request would mean another question.
    """

    about: msgspec.Struct
    media_type: str
    datasets: tuple[str, ...]
    expires_at: datetime | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded answer, and the versions of the datasets in the very snapshot that it was made from."""

    body: bytes
    versions: Mapping[str, int]
    headers: tuple[tuple[str, str], ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """How a request is answered: what it asks, who makes the answer, and its route's template for metrics."""

    asked: Asked
    make: Callable[[], Awaitable[Made]]
    template: str


class HotReads:
    """An ASGI application that answers requests it has seen before, and hands the others on."""

    def __init__(self, app: App, house: Callable[[], House | None], authorised: Callable[[Any], bool]) -> None:
        """Wrap `app`; `authorised` decides on the same headers as the guard of a `read` route."""
        self.app = app
        self.house = house
        self.authorised = authorised
        self.plans: dict[Raw, Plan] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or by a plan, or let the application answer and remember its plan."""
        if scope["type"] != "http" or scope["method"] != "GET" or (house := self.house()) is None:
            await self.app(scope, receive, send)
            return
        raw, if_none_match = identity(scope)
        now = house.clock.now()
        kept = house.answers.get_shortcut(raw, now)
        plan = None if kept is not None else self.plan(raw, now)
        if (kept is not None or plan is not None) and self.authorised(scope):
            if kept is None and plan is not None:
                kept = await planned(house, plan, raw, if_none_match)
            if kept is not None:
                scope["path_template"] = kept.template
                await give(kept, if_none_match, send)
                return
        await self.app(scope, receive, send)
        if PLAN in scope and len(raw[1]) + len(raw[2]) <= RAW_MAX:
            if len(self.plans) >= PLANS_MAX:
                self.plans.clear()
            self.plans[raw] = scope[PLAN]

    def plan(self, raw: Raw, now: datetime) -> Plan | None:
        """Return the plan of a request that came in just these bytes before, while it means the same."""
        plan = self.plans.get(raw)
        if plan is None or plan.asked.expires_at is None or now < plan.asked.expires_at:
            return plan
        del self.plans[raw]
        return None


def identity(scope: Mapping[str, Any]) -> tuple[Raw, bytes]:
    """Return the bytes of a request that decide on its answer, and its If-None-Match."""
    accept = if_none_match = b""
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = accept + b"," + value if accept else value
        elif name == b"if-none-match":
            if_none_match = if_none_match + b"," + value if if_none_match else value
    return (scope["path"], scope["query_string"], accept), if_none_match


async def planned(house: House, plan: Plan, raw: Raw, if_none_match: bytes) -> HotAnswer | None:
    """Return the answer that a plan makes; None when it fails, so that the long way says how."""
    try:
        return await answer(house, plan, raw, if_none_match)
    except Exception:  # noqa: BLE001  whatever it is, the long way meets it too, and knows how to tell
        return None


async def give(kept: HotAnswer, if_none_match: bytes, send: Send) -> None:
    """Send an answer, or 304 when the client has it."""
    status, headers, body = 200, kept.whole, kept.body
    if if_none_match and matches(if_none_match, kept.etag):
        status, headers, body = 304, unchanged(kept.etag), b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def answer_read(
    house: House,
    request: Request[Any, Any, Any],
    asked: Asked,
    make: Callable[[], Awaitable[Made]],
) -> Response[bytes]:
    """Answer a read, and keep the answer; `make` is asked when it is not kept already.

    `make` must not hold the request: it may be asked again, for another one in the same words.
    """
    plan = Plan(asked, make, request.scope["path_template"])
    raw, if_none_match = identity(request.scope)
    found = await answer(house, plan, raw, if_none_match)
    cast("dict[str, Any]", request.scope)[PLAN] = plan
    if if_none_match and matches(if_none_match, found.etag):
        return response(304, b"", unchanged(found.etag))
    return response(200, found.body, found.headers)


async def answer(house: House, plan: Plan, raw: Raw, if_none_match: bytes) -> HotAnswer:
    """Return the kept answer, or make and keep it.

    A client that has the current answer needs none: it gets one without a body, which nobody keeps.
    """
    asked = plan.asked
    key = (asked.about, asked.media_type)
    kept = house.answers.get(key, house.clock.now())
    if kept is not None:
        house.answers.add_shortcut(raw, key)
        return kept
    if if_none_match and if_none_match.strip() != b"*":
        etag = await current_etag(house, asked)
        if matches(if_none_match, etag):
            return HotAnswer(body=b"", etag=etag, headers=[], whole=[], template=plan.template, versions={})
    made = await plan.make()
    etag = etag_of(asked, made.versions)
    headers = head(asked, made, etag)
    fresh = HotAnswer(
        body=made.body,
        etag=etag,
        headers=headers,
        whole=completed(headers),
        template=plan.template,
        versions={dataset: made.versions.get(dataset, 0) for dataset in asked.datasets},
        expires_at=asked.expires_at,
    )
    house.answers.put(key, raw, fresh)
    return fresh


async def current_etag(house: House, asked: Asked) -> bytes:
    """Return the ETag that an answer made now would have, without making it."""
    versions = house.answers.versions()
    if versions is None:
        versions = await house.watermarks.versions()
    return etag_of(asked, {dataset: versions.get(dataset, 0) for dataset in asked.datasets})


def etag_of(asked: Asked, versions: Mapping[str, int]) -> bytes:
    """Return the strong ETag: the question, its form, and the versions of what it was made from."""
    made_from = sorted((dataset, versions.get(dataset, 0)) for dataset in asked.datasets)
    parts = msgspec.json.encode([type(asked.about).__name__, asked.about, asked.media_type, made_from])
    return b'"%s"' % hashlib.blake2b(REPRESENTATION + parts, digest_size=15).hexdigest().encode("ascii")


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Compare as RFC 9110 says for If-None-Match: weakly, against each of a list, ``*`` matching anything."""
    candidates = [candidate.strip().removeprefix(b"W/") for candidate in if_none_match.split(b",")]
    return etag in candidates or candidates == [b"*"]


def head(asked: Asked, made: Made, etag: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, as ASGI wants them: its own only."""
    media_type = asked.media_type + ("; charset=utf-8" if asked.media_type.startswith("text/") else "")
    return [
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", str(len(made.body)).encode("ascii")),
        *unchanged(etag),
        *((name.encode("ascii"), value.encode("ascii")) for name, value in made.headers),
    ]


def unchanged(etag: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers that a 200 and a 304 share."""
    return [(b"etag", etag), (b"cache-control", CACHE_CONTROL), (b"vary", b"accept, authorization")]


def response(status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> Response[bytes]:
    """Return Litestar's response of encoded bytes."""
    kept = {name.decode("ascii"): value.decode("ascii") for name, value in headers if name != b"content-length"}
    # Litestar adds the charset of a text by itself.
    media_type = kept.pop("content-type", "application/json").partition(";")[0]
    return Response(body, status_code=status, headers=kept, media_type=media_type)


def next_link(path: str, query: Mapping[str, object], cursor: str | None) -> tuple[tuple[str, str], ...]:
    """Return the Link header that names the next page (RFC 8288), none on the last page."""
    if cursor is None:
        return ()
    kept = {name: value for name, value in query.items() if value is not None}
    return (("link", f'<{path}?{urlencode({**kept, "cursor": cursor})}>; rel="next"'),)
