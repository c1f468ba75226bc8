"""The API: `create_app` builds it, `asgi` is what Granian serves.

    Granian -> trusted proxy -> frame (request id, metrics, headers) -> Litestar (edge checks, handler)

The lifespan opens the House and nothing else: migrations and schedules have commands of their own.
"""

import asyncio
import importlib
import pkgutil
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast, get_args

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Router
from litestar._kwargs.parameter_definition import ParameterDefinition
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from app import settings as doors
from app.api import deps, errors, openapi, routes
from app.api.auth import Doorkeeper, access_of, networks_of
from app.api.edge import Edge, Query
from app.api.hot_reads import HotReads
from app.api.middleware import App, Frame, Receive, Scope, Send
from app.api.pages import Pages, folder_of
from app.bootstrap import House
from app.settings import Settings
from app.telemetry import logging
from app.telemetry.batch import BATCH

MAX_BODY_BYTES = 1_048_576
MEASURE_EVERY_S = 5.0


class Api(Litestar):
    """Litestar without the plugins for pydantic and attrs: their import costs half a second and 25 MB."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(settings: Settings | None = None, *, is_served: bool = False) -> Litestar:
    """Build the API from its settings (by default the environment's).

    `is_served` means that the process is the server's own: a signal to end it ends its live streams first.
    Raises SettingsError when SECRET_KEY cannot sign, and RuntimeError when a route does not say who may use it.
    """
    settings = settings or doors.load()
    doorkeeper = Doorkeeper(
        doors.signing_key(settings),
        reads_are_free=settings.environment != "prod",
        scrapers=networks_of(settings.api.metrics_from),
    )
    edge = Edge(doorkeeper)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        edge.check(connection.scope, handler)

    app = Api(
        route_handlers=[*route_handlers()],
        dependencies=deps.PROVIDE,
        exception_handlers={Exception: errors.answer},
        guards=[guard],
        before_request=edge.before_handler,
        lifespan=[open_house(settings, is_served=is_served)],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=MAX_BODY_BYTES,
    )
    app.state["doorkeeper"] = doorkeeper
    app.state["route_handlers"] = route_handlers
    describe_routes(app)
    return app


def description() -> dict[str, Any]:
    """Return the API's description, which needs no installation to be made."""
    return openapi.describe(create_app(Settings(secret_key=secrets.token_urlsafe(48))))


def asgi() -> App:
    """Build what Granian serves: the API inside its frame, behind the proxies that the settings trust."""
    settings = doors.load()
    logging.configure(level=settings.log_level, form=settings.log_format, secrets=doors.secret_values(settings))
    app = create_app(settings, is_served=True)
    paged = Pages(cast("App", app), folder_of(settings.api.frontend))
    framed = Frame(with_hot_reads(app, paged), log_requests=settings.log_level == "debug")
    trusted = [host.strip() for host in settings.api.trusted_proxies.split(",") if host.strip()]
    return behind_proxies(framed, trusted)


def behind_proxies(app: App, trusted: list[str]) -> App:
    """Let trusted proxies name the client; a request that names nobody costs no look at who sent it."""
    wrapped: App = wrap_asgi_with_proxy_headers(app, trusted_hosts=trusted)

    def choose(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        for name, _ in scope.get("headers", ()):
            if name.startswith(b"x-forwarded-"):
                return wrapped(scope, receive, send)
        return app(scope, receive, send)

    return choose


def with_hot_reads(app: Litestar, inner: App | None = None) -> App:
    """Put the short cut for kept answers before the application's routing, or before what stands around that."""
    return HotReads(inner or cast("App", app), lambda: app.state.get("house"), app.state["doorkeeper"].authorised)


def open_house(settings: Settings, *, is_served: bool) -> Any:  # noqa: ANN401  the decorator's type is private to contextlib
    """Make the lifespan that opens the House and puts it in the application's state."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with House(settings, name="api") as house:
            app.state["house"] = house
            if is_served:
                end_streams_first(house)
            measuring = asyncio.create_task(keep_measuring(house))
            try:
                yield
            finally:
                measuring.cancel()
                BATCH.write()

    return lifespan


def end_streams_first(house: House) -> None:
    """End the live streams when the process is asked to end: the server waits for every answer before it says so.

    The event loop hears of signals by its own way, which this leaves alone: the server's handler runs as well.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(house.stream.begin_close))


async def keep_measuring(house: House) -> None:
    """Set the gauges of this process every few seconds: a scrape is answered by one process for all of them."""
    while True:
        house.measure()
        await asyncio.sleep(MEASURE_EVERY_S)


def route_handlers() -> Iterable[ControllerRouterHandler]:
    """Collect ROUTES (below /api) and ROOT_ROUTES (at the root) of every module in `app/api/routes/`."""
    below: list[ControllerRouterHandler] = []
    for entry in pkgutil.iter_modules(routes.__path__):
        module = importlib.import_module(f"{routes.__name__}.{entry.name}")
        below += module.ROUTES
        yield from getattr(module, "ROOT_ROUTES", [])
    yield Router(path="/api", route_handlers=below)


def query_of(handler: HTTPRouteHandler, parameter: ParameterDefinition) -> Query:
    """Note what a query parameter may be."""
    annotation = handler.parsed_fn_signature.parameters[parameter.field_name].annotation
    return Query(many=parameter.is_sequence, text=annotation is str or str in get_args(annotation))


def describe_routes(app: Litestar) -> None:
    """Check that every route says who may use it, and note its query names for the edge."""
    silent = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            message = f"{route.path} is not a plain HTTP route: the edge could not guard it."
            raise RuntimeError(message)  # noqa: TRY004  a programming error of whoever added the route
        for method, (handler, parameters) in route.route_handler_map.items():
            if method == "OPTIONS" and not handler.include_in_schema:
                handler.opt["access"] = "public"
            elif not access_of(handler):
                silent.append(f"{method} {route.path}")
            handler.opt["allow"] = ", ".join(sorted(route.methods | ({"HEAD"} if "GET" in route.methods else set())))
            handler.opt["query"] = {p.field_alias: query_of(handler, p) for p in parameters.expected_query_params}
    if silent:
        message = f"These routes do not say who may use them (PUBLIC, READ or OPERATE): {', '.join(silent)}."
        raise RuntimeError(message)
