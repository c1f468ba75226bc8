"""The replay market's server: providers' dialects over loopback, and doors for the operator."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State  # noqa: TC002  Litestar reads annotations at run time

from app.clock import ReplayClock
from app.domain.errors import GroatError
from app.replay import state
from app.replay.alpha_vantage.dialect import AlphaVantage
from app.replay.counter import FrontCounter
from app.replay.data import catalogue
from app.replay.finnhub.dialect import Finnhub
from app.replay.misbehaviour.rules import Rule, Rulebook
from app.replay.newsapi.dialect import NewsApi
from app.replay.operator import misbehaviour_routes, operator_routes
from app.replay.polygon.dialect import BASIC, Polygon
from app.replay.story_pages import story_routes
from app.replay.wire import MANNER, WireServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.handlers import HTTPRouteHandler

    from app.ports.clock import Clock

DIALECTS = (Polygon.name, AlphaVantage.name, Finnhub.name, NewsApi.name)


class ReplayStartError(GroatError):
    """The replay market could not start."""

    code = "replay_start"


class ReplayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed: the data set, each dialect's accepted keys, how it misbehaves, and where the clock stops.

    `history_years` replaces what Polygon's plan reaches.
    """

    dataset: str
    keys: Mapping[str, frozenset[str]]
    history_years: int = BASIC.history_years
    misbehaviour: tuple[Rule, ...] = ()
    market_until: datetime | None = None


def create_app(config: ReplayConfig, clock: Clock) -> Litestar:
    """Read the data set and build the server around it.

    Raises ReplayDataError when the data packages are missing or not as expected.
    """
    data = catalogue.load(config.dataset)
    stories, rules = catalogue.stories(config.dataset), Rulebook(config.misbehaviour)
    basic = msgspec.structs.replace(BASIC, history_years=config.history_years)
    dialects = (
        Polygon(data, stories, basic),
        AlphaVantage(data, stories),
        Finnhub(data, stories),
        NewsApi(stories),
    )
    counters = [FrontCounter(each, clock, config.keys.get(each.name, frozenset()), rules) for each in dialects]
    own = operator_routes(counters, data, lambda: state.read(clock, data, config.market_until))
    routes = [*own, *misbehaviour_routes(rules), *story_routes(stories, clock), *map(provider_route, counters)]
    return Litestar(routes, openapi_config=None, logging_config=None)


def provider_route(counter: FrontCounter) -> HTTPRouteHandler:
    """Return the handler of a provider's paths."""
    paths = [f"{path}{{rest:path}}" if path.endswith("/") else path for path in counter.dialect.paths]

    @get(paths)
    async def provider(request: Request[None, None, State]) -> Response[bytes]:
        params = dict(request.query_params.items())
        base_url = str(request.base_url).rstrip("/")
        reply = await counter.serve(request.scope["path"], params, request.headers, base_url)
        if reply.manner is not None:
            request.scope["extensions"][MANNER] = reply.manner, reply.pause_s  # type: ignore[index,assignment]  # our server's own
        return Response(reply.body, status_code=reply.status, media_type=reply.media_type, headers=reply.headers)

    return provider


async def serve(app: Litestar, host: str, port: int, *, started: Callable[[WireServer], None] | None = None) -> None:
    """Serve until the server is stopped, in this process and on this loop, so that the counts are exact.

    `started` gets the server before it listens; its `stop()` ends the serving.
    """
    server = WireServer(app, host, port)
    if started is not None:
        started(server)
    await server.serve()


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read the rules of GROAT_REPLAY__MISBEHAVE, a JSON list; raise ReplayStartError for what is none."""
    try:
        return msgspec.json.decode(text, type=tuple[Rule, ...]) if text else ()
    except msgspec.DecodeError as e:
        message = (
            f"GROAT_REPLAY__MISBEHAVE is no list of rules: {e}. Write, for example, "
            '[{"dialect":"finnhub","kind":"reset","every":3}], or leave it out.'
        )
        raise ReplayStartError(message) from None


def require_free(host: str, port: int) -> None:
    """Raise ReplayStartError unless this process could listen on the port alone.

    A second replay on a shared port would quietly take half of the requests, and both would count too few.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as e:
            message = (
                f"The replay market cannot listen on {host} port {port}: {e.strerror}. Stop what listens there, "
                "or set GROAT_REPLAY__HOST and GROAT_REPLAY__PORT."
            )
            raise ReplayStartError(message) from None


def run(host: str, port: int, config: ReplayConfig, clock: Clock) -> None:
    """Run the replay market in the foreground until SIGINT or SIGTERM.

    Raises ReplayStartError when the port is taken, ReplayDataError when the data cannot be read.
    """
    require_free(host, port)
    until = clock.timeline.market_until if isinstance(clock, ReplayClock) else None
    app = create_app(msgspec.structs.replace(config, market_until=until), clock)

    def stop_on_signals(server: WireServer) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)

    asyncio.run(serve(app, host, port, started=stop_on_signals))
