"""The API about itself: its description, its documentation, its problems, and what runs."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from app import __version__
from app.api import docs_page, openapi
from app.api.deps import PUBLIC, READ, HouseDependency, producing
from app.api.errors import KINDS
from app.domain.errors import UnknownSubjectError

HTML = "text/html"
CSS = "text/css"
A_DAY = {"Cache-Control": "public, max-age=86400"}
AN_HOUR = {"Cache-Control": "public, max-age=3600"}
Code = Annotated[str, PathParameter(max_length=64, pattern=r"^[a-z_]+$", description="`code` of a problem.")]


class SystemView(msgspec.Struct, frozen=True, kw_only=True):
    """What runs here. Market time runs `market_speed` times as fast as the machine's, up to `market_until`.

    `market_until` is null where market time does not end: it is the wall's, or a replay's that nobody bounded.
    """

    version: str
    environment: Literal["dev", "prod", "test"]
    clock: Literal["wall", "replay"]
    market_time: datetime
    market_speed: float
    market_until: datetime | None
    machine_time: datetime


class ProblemKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of problem means."""

    type: str
    code: str
    title: str
    status: int
    detail: str


@get("/system", **READ, operation_id="getSystem", tags=["system"], summary="What runs here?")
async def system(house: HouseDependency) -> SystemView:
    """Return the version, and how the market's clock stands against the machine's."""
    return SystemView(
        version=__version__,
        environment=house.settings.environment,
        clock=house.settings.clock.mode,
        market_time=house.clock.now(),
        market_speed=house.clock.speed,
        market_until=house.settings.clock.market_until if house.settings.clock.mode == "replay" else None,
        machine_time=datetime.now(UTC),
    )


@get(
    "/openapi.json",
    **PUBLIC,
    operation_id="getOpenApi",
    tags=["system"],
    summary="The API's description",
    responses={200: ResponseSpec(dict[str, object], description="The description.", generate_examples=False)},
)
async def description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return this API's description, in OpenAPI 3.1; it is the same for every installation of a version."""
    return Response(await openapi.encoded(request.app), media_type="application/json", headers=AN_HOUR)


@get(
    "/docs",
    **producing(PUBLIC, HTML),
    operation_id="getDocs",
    tags=["system"],
    summary="The API's documentation",
    media_type=HTML,
)
async def docs(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a page that documents every operation; it needs no script and nothing from elsewhere."""
    page = docs_page.render(msgspec.json.decode(await openapi.encoded(request.app)))
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return Response(page, media_type=HTML, headers={**AN_HOUR, "Content-Security-Policy": policy})


@get("/docs/style.css", **producing(PUBLIC, CSS), include_in_schema=False, media_type=CSS)
async def style() -> Response[bytes]:
    """Return the documentation's style sheet."""
    return Response(docs_page.STYLE.encode(), media_type=CSS, headers=A_DAY)


@get("/problems/{code:str}", **PUBLIC, operation_id="getProblem", tags=["system"], summary="What a problem means")
async def problem(code: Code) -> ProblemKind:
    """Return what the `type` of a problem points to."""
    if code not in KINDS:
        message = f"There is no problem of that code; these are: {', '.join(KINDS)}."
        raise UnknownSubjectError(message)
    return ProblemKind(type=f"/problems/{code}", code=code, **KINDS[code]._asdict())


ROUTES: list[Any] = [system, description, docs, style]
ROOT_ROUTES = [problem]
