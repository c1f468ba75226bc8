"""The API's description, OpenAPI 3.1: what Litestar knows of the routes, and what holds for all of them."""

import asyncio
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License, Tag
from litestar.routes import HTTPRoute

from app import __version__
from app.api.auth import access_of
from app.api.errors import KINDS, PROBLEM_JSON, Problem
from app.api.examples import EXAMPLES
from app.ports.stream import NAMES

TITLE = "Groat"
DESCRIPTION = """\
A research desk for US equities inside free-tier market data.

**Who may ask.** Every operation that changes something needs the operator's token (`groat token` makes one), in the
header `Authorization: Bearer ...`; in production, reading needs it too. A token is never read from an address.

**Times.** Market time is what the market's clock says; on a replay market it runs faster than the machine's. Times
are UTC in ISO 8601, trading dates are dates of the exchange's calendar.

**Errors** are problems by RFC 9457. `code` is stable; 400 means that a request does not fit this description, 422 that
it fits, but cannot be done as asked. Unknown query parameters, and repeats of single ones, are refused. Every answer
bears `X-Request-ID`: a client may set it, and the log has it.

**Pages.** A list that may be long answers `next`; send it as `cursor` to go on, until it is null.

Every GET may be asked as HEAD.
"""
TAGS = (
    Tag("health", "Is it alive, can it serve, and what is away?"),
    Tag("market", "The day on the whole: who rose, who fell, how far."),
    Tag("instruments", "What is traded."),
    Tag("bars", "Prices over time, as they were known at any time."),
    Tag("quotes", "The latest price of each of many instruments."),
    Tag("actions", "Splits and dividends."),
    Tag("companies", "What is told of companies: profiles, fundamentals, earnings."),
    Tag("news", "Articles, whom they are about, and their providers' own scores."),
    Tag("quality", "How fresh, complete and sound the data are, and what was held back."),
    Tag("provenance", "Where each value comes from, and where providers disagree."),
    Tag("pipelines", "What runs on a schedule, what ran, and how to start more."),
    Tag("providers", "Where data come from, and what may be asked of them."),
    Tag("system", "The API about itself."),
)
NO_NUL = "^[^\\u0000]*$"
ALWAYS = ("bad_request", "not_acceptable", "too_many_requests", "internal", "dependency_down")
WITH_BODY = ("too_large", "unsupported_media_type", "invalid_request")
# Query parameters that name what may not exist.
NAMES_SUBJECTS = frozenset({"symbols", "symbol", "article", "session"})
MEANT = {"200": "What was asked for.", "202": "It is started; `Location` says where it is found."}
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "`groat token` makes one."}


async def encoded(app: Litestar) -> bytes:
    """Return the description of an application as JSON; made once, in a thread, at its first use."""
    made: bytes | None = app.state.get("openapi")
    if made is None:
        made = await asyncio.to_thread(lambda: msgspec.json.encode(describe(app)))
        app.state["openapi"] = made
    return made


def describe(app: Litestar) -> dict[str, Any]:
    """Build the description of an application."""
    described = type(app)(
        route_handlers=[*app.state["route_handlers"]()],
        dependencies=app.dependencies,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title=TITLE,
            version=__version__,
            description=DESCRIPTION,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            tags=list(TAGS),
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin()],
        ),
    )
    schema: dict[str, Any] = described.openapi_schema.to_schema()
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"bearer": BEARER}
    components.setdefault("schemas", {}).update(exact_schemas([Problem, *NAMES, *bodies_of(app)]))
    components["responses"] = {code: response_of(code) for code in KINDS}
    handlers = {str(handler.operation_id): handler for handler in handlers_of(app)}
    for item in schema["paths"].values():
        for operation in item.values():
            handler = handlers[operation["operationId"]]
            complete(operation, access_of(handler))
            offer(operation, handler.opt.get("produces", ()))
    # By way of JSON: what is served, what is committed and what is compared are then the same.
    tidied: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(tidy(schema)))
    return tidied


def handlers_of(app: Litestar) -> Iterator[HTTPRouteHandler]:
    """Yield every handler that the description shows."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from (handler for handler in route.route_handlers if handler.resolve_include_in_schema())


def complete(operation: dict[str, Any], access: str) -> None:
    """Add to an operation what the edge does for every route: problems, the token, examples."""
    codes = [*ALWAYS, *(WITH_BODY if "requestBody" in operation else ())]
    parameters = operation.get("parameters", [])
    if access != "public":
        operation["security"] = [{"bearer": []}] if access == "operate" else [{"bearer": []}, {}]
        codes.append("unauthorised")
    if any(parameter["in"] == "path" or parameter["name"] in NAMES_SUBJECTS for parameter in parameters):
        codes.append("not_found")
    if any(parameter["in"] == "query" for parameter in parameters):
        codes.append("invalid_request")
    responses = operation["responses"]
    responses.pop("400", None)
    for status, said in MEANT.items():
        if status in responses and responses[status]["description"] == HTTPStatus(int(status)).description:
            responses[status]["description"] = said
    for code in codes:
        responses.setdefault(str(KINDS[code].status), {"$ref": f"#/components/responses/{code}"})
    operation["responses"] = dict(sorted(responses.items()))
    exemplify(operation)


def offer(operation: dict[str, Any], produces: Iterable[str]) -> None:
    """List every media type that an operation can answer with."""
    for status, response in operation["responses"].items():
        if status == "200":
            content = response.setdefault("content", {})
            for media_type in produces:
                text = media_type.startswith("text/")
                content.setdefault(media_type, {"schema": {"type": "string"} if text else {}})


def exemplify(operation: dict[str, Any]) -> None:
    """Put the operation's examples where it has none of its own."""
    example = EXAMPLES.get(operation["operationId"])
    if example is None:
        return
    contents = [operation.get("requestBody", {}).get("content", {})] if example.request is not None else []
    for content in contents:
        content["application/json"].setdefault("examples", {"example": {"value": example.request}})
    for status, response in operation["responses"].items():
        if status.startswith("2") and example.response is not None:
            for body in response.get("content", {}).values():
                body.setdefault("examples", {"example": {"value": example.response}})


def response_of(code: str) -> dict[str, Any]:
    """Describe the answer that a problem is."""
    kind = KINDS[code]
    headers: dict[str, Any] = {}
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}}
    example = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "code": code,
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {code: {"value": example}}}
    described = {"description": kind.detail, "content": {PROBLEM_JSON: content}}
    return {**described, "headers": headers} if headers else described


def bodies_of(app: Litestar) -> list[type]:
    """Return the types of all request bodies."""
    found = [handler.parsed_data_field for handler in handlers_of(app)]
    return [field.annotation for field in found if field is not None]


def exact_schemas(types: list[type]) -> dict[str, Any]:
    """Return msgspec's own schemas of these types: Litestar's lose the bounds of what stands inside dicts."""
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return schemas


def tidy(node: Any) -> Any:  # noqa: ANN401  JSON
    """Put right what Litestar writes amiss.

    Unions overlap (an integer is a number too), so they are anyOf; bounds of integers are integers; and a query
    value cannot be null, it is left out.
    """
    if isinstance(node, list):
        return [tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    tidied = {("anyOf" if key == "oneOf" else key): tidy(value) for key, value in node.items()}
    if tidied.get("type") == "integer":
        bounds = {key: int(tidied[key]) for key in ("minimum", "maximum") if key in tidied}
        tidied.update(bounds)
    if tidied.get("in") == "query" and "schema" in tidied:
        tidied["schema"] = without_null(tidied["schema"])
    if tidied.get("in") in {"query", "path"} and tidied["schema"].get("type") == "string":
        tidied["schema"].setdefault("pattern", NO_NUL)
    return tidied


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is there."""
    kept = {key: value for key, value in schema.items() if value is not None}
    if isinstance(kept.get("type"), list):
        [kept["type"]] = [kind for kind in kept["type"] if kind != "null"]
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if value is not None]
    options = [option for option in kept.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        del kept["anyOf"]
        kept = {**options[0], **kept}
    return kept
