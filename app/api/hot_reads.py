"""How a read is answered: 304 when the client has it, kept bytes when nothing changed, else made and kept.

`HotReads` is the short cut: it answers a request that came in just these bytes before, without routing, and
hands every other one on. It stands inside the frame, so request ids, metrics and security headers hold.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from app.api.middleware import App, Receive, Scope, Send
from app.bootstrap import House
from app.ports.answers import HotAnswer

# Moves when the same facts are written in other bytes.
REPRESENTATION: Final = b"1"
# Kept by browsers, asked about each time: an unchanged answer costs a 304.
CACHE_CONTROL: Final = b"private, no-cache"
JSON: Final = "application/json"


class HotReads:
    """An ASGI application that gives kept answers, and asks the next application for the others."""

    def __init__(self, app: App, house: Callable[[], House | None], authorised: Callable[[Any], bool]) -> None:
        """Wrap `app`; `authorised` decides on the same headers as the guard of a `read` route."""
        self.app = app
        self.house = house
        self.authorised = authorised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory when that is right."""
        if scope["type"] == "http" and scope["method"] == "GET":
            answer, if_none_match = self.find(scope)
            if answer is not None and self.authorised(scope):
                scope["path_template"] = answer.template
                if if_none_match and matches(if_none_match, answer.etag):
                    await send({"type": "http.response.start", "status": 304, "headers": unchanged(answer.etag)})
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
                await send({"type": "http.response.body", "body": answer.body, "more_body": False})
                return
        await self.app(scope, receive, send)

    def find(self, scope: Scope) -> tuple[HotAnswer | None, bytes]:
        """Return the kept answer to these bytes, and the request's If-None-Match."""
        house = self.house()
        if house is None:
            return None, b""
        accept = if_none_match = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = accept + b"," + value if accept else value
            elif name == b"if-none-match":
                if_none_match = if_none_match + b"," + value if if_none_match else value
        raw = (scope["path"], scope["query_string"], accept)
        return house.answers.get_shortcut(raw, house.clock.now()), if_none_match


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


async def answer_read(
    house: House, request: Request[Any, Any, Any], asked: Asked, make: Callable[[], Awaitable[Made]]
) -> Response[bytes]:
    """Answer a read, and keep the answer; `make` is asked when it is not kept already."""
    scope = request.scope
    key = (asked.about, asked.media_type)
    raw = (scope["path"], scope["query_string"], ",".join(request.headers.getall("accept", [])).encode("latin-1"))
    if_none_match = ",".join(request.headers.getall("if-none-match", [])).encode("latin-1")
    answer = house.answers.get(key, house.clock.now())
    if answer is not None:
        house.answers.add_shortcut(raw, key)
    elif if_none_match and if_none_match.strip() != b"*":
        etag = await current_etag(house, asked)
        if matches(if_none_match, etag):
            return response(304, b"", unchanged(etag))
    if answer is None:
        made = await make()
        etag = etag_of(asked, made.versions)
        answer = HotAnswer(
            body=made.body,
            etag=etag,
            headers=head(asked, made, etag),
            template=scope["path_template"],
            versions={dataset: made.versions.get(dataset, 0) for dataset in asked.datasets},
            expires_at=asked.expires_at,
        )
        house.answers.put(key, raw, answer)
    if if_none_match and matches(if_none_match, answer.etag):
        return response(304, b"", unchanged(answer.etag))
    return response(200, answer.body, answer.headers)


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
    """Return the headers of an answer, as ASGI wants them."""
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


def next_link(request: Request[Any, Any, Any], cursor: str | None) -> tuple[tuple[str, str], ...]:
    """Return the Link header that names the next page (RFC 8288), none on the last page."""
    if cursor is None:
        return ()
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return (("link", f'<{request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'),)
