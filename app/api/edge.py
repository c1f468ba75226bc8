"""The checks that every request passes before its handler: who, what is accepted, what was sent.

They hold for every route alike, so that no handler has to think of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from litestar import Request, Response
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from app.api.auth import Doorkeeper, access_of
from app.api.errors import PROBLEM_JSON, InvalidField, RefusedRequestError

JSON = "application/json"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
MAX_QUERY_BYTES = 8_192
MAX_KEYS = 100
TOKEN_NAMES = frozenset({"access_token", "token", "jwt", "authorization", "api_key"})


class Edge:
    """The checks of one application."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        """Keep who decides on access."""
        self.doorkeeper = doorkeeper

    def check(self, scope: Scope, handler: BaseRouteHandler) -> None:
        """Let a request pass, or raise the error that says why not."""
        self.doorkeeper.admit(access_of(handler), scope)
        query = scope["query_string"]
        if query:
            check_query(query, handler.opt["query"])
        check_accept(scope["headers"], handler.opt.get("produces", (JSON,)))

    async def before_handler(self, request: Request[Any, Any, Any]) -> Response[None] | None:
        """Answer OPTIONS; refuse a body that is not JSON, or holds a NUL, which PostgreSQL cannot store."""
        if request.method == "OPTIONS":
            return Response(None, status_code=204, headers={"Allow": request.route_handler.opt["allow"]})
        if request.method not in WITH_BODY:
            return None
        body = await request.body()
        if not body:
            return None
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != JSON:
            code = "unsupported_media_type"
            raise RefusedRequestError(code)
        if b"\\u0000" in body:
            refuse("body", "", "NUL characters are not text")
        return None


class Query(NamedTuple):
    """What a query parameter may be: given more than once, and any text."""

    many: bool
    text: bool


def check_query(query: bytes, known: Mapping[str, Query]) -> None:
    """Refuse names that the route does not have, repeats of single values, NUL characters, and tokens.

    Also the word ``null`` where no text is meant: the decoder would take it as if nothing was sent.
    """
    if len(query) > MAX_QUERY_BYTES:
        refuse("query", "", f"the query is longer than {MAX_QUERY_BYTES} bytes")
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=MAX_KEYS)
    except ValueError:
        refuse("query", "", f"the query is not UTF-8, or has more than {MAX_KEYS} values")
    seen = set()
    for name, value in pairs:
        if name.lower() in TOKEN_NAMES and name not in known:
            refuse("query", "", "a token belongs in the Authorization header, never in an address")
        if name not in known:
            refuse("query", "", f"a name is not known here; these are: {', '.join(sorted(known)) or 'none'}")
        if name in seen and not known[name].many:
            refuse("query", name, "is given more than once")
        if "\0" in value:
            refuse("query", name, "NUL characters are not text")
        if value.lower() == "null" and not known[name].text:
            refuse("query", name, "null is no value: leave the parameter out")
        seen.add(name)


def check_accept(headers: Iterable[tuple[bytes, bytes]], produces: tuple[str, ...]) -> None:
    """Answer 406 when the client accepts nothing that the route gives."""
    accept = ",".join(value.decode("latin-1") for name, value in headers if name == b"accept")
    if accept and accept != "*/*" and choose(accept, produces) is None:
        code = "not_acceptable"
        raise RefusedRequestError(code, f"This is given as {', '.join(produces)}.")


def choose(accept: str, produces: tuple[str, ...]) -> str | None:
    """Return the media type that an Accept header likes best (ties: the route's order); None when it likes none."""
    ranges = [parsed for part in accept.split(",") if (parsed := media_range(part))]
    best, best_quality = None, 0.0
    for media_type in produces:
        quality = quality_of(media_type, ranges)
        if quality > best_quality:
            best, best_quality = media_type, quality
    return best


def media_range(part: str) -> tuple[str, float] | None:
    """Parse ``type/subtype;q=0.5`` into its range and its quality; None for what is no media range."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    if name == "*":
        name = "*/*"
    if "/" not in name:
        return None
    quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return name, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return name, 1.0


def quality_of(media_type: str, ranges: Iterable[tuple[str, float]]) -> float:
    """Return how much the most exact matching range likes a media type; 0 when none matches."""
    found = dict(ranges)
    wanted = [media_type, PROBLEM_JSON] if media_type == JSON else [media_type]
    group = media_type.partition("/")[0] + "/*"
    return next((found[name] for name in (*wanted, group, "*/*") if name in found), 0.0)


def refuse(where: str, name: str, message: str) -> NoReturn:
    """Raise the 400 that names one part of the request."""
    code = "bad_request"
    raise RefusedRequestError(code, fields=(InvalidField(where=where, name=name, message=message),)) from None
