"""The replay market's server: providers' dialects over loopback, and doors for the operator."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, NoReturn

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State  # noqa: TC002  Litestar reads annotations at run time

from app.clock import ReplayClock
from app.domain.errors import GroatError
from app.replay import state
from app.replay.counter import FrontCounter
from app.replay.data import catalogue
from app.replay.operator import operator_routes
from app.replay.polygon.dialect import BASIC, Polygon

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.handlers import HTTPRouteHandler

    from app.ports.clock import Clock
    from app.replay.dialect import Plan


class ReplayStartError(GroatError):
    """The replay market could not start."""

    code = "replay_start"


class ReplayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed: the data set, the accepted keys, the plan, and where the market clock stops."""

    dataset: str
    keys: frozenset[str]
    plan: Plan
    market_until: datetime | None = None


def create_app(config: ReplayConfig, clock: Clock) -> Litestar:
    """Read the data set and build the server around it.

    Raises ReplayDataError when the data packages are missing or not as expected.
    """
    data = catalogue.load(config.dataset)
    counters = [FrontCounter(Polygon(data, config.plan), clock, config.keys)]
    handlers = operator_routes(counters, data, lambda: state.read(clock, data, config.market_until))
    return Litestar([*handlers, *map(provider_route, counters)], openapi_config=None, logging_config=None)


def provider_route(counter: FrontCounter) -> HTTPRouteHandler:
    """Return the handler of everything below a provider's prefixes."""

    @get([f"{prefix}/{{rest:path}}" for prefix in counter.dialect.prefixes])
    async def provider(request: Request[None, None, State]) -> Response[bytes]:
        params = dict(request.query_params.items())
        base_url = str(request.base_url).rstrip("/")
        reply = await counter.serve(request.scope["path"], params, request.headers, base_url)
        return Response(reply.body, status_code=reply.status, media_type="application/json")

    return provider


async def serve(
    app: Litestar, host: str, port: int, *, log: bool = True, started: Callable[[Server], None] | None = None
) -> None:
    """Serve until the server is stopped, in this process and on this loop, so that the counts are exact.

    `started` gets the server before it listens; its `stop()` ends the serving.
    """
    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=log)
    if started is not None:
        started(server)
    await server.serve()


def require_free(host: str, port: int) -> None:
    """Raise ReplayStartError unless this process could listen on the port alone.

    Granian shares ports: a second replay would quietly take half of the requests, and both would count too few.
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


def run(host: str, port: int, dataset: str, clock: Clock, keys: frozenset[str]) -> NoReturn:
    """Run the replay market in the foreground until SIGINT or SIGTERM, then end the process with status 0.

    Raises ReplayStartError when the port is taken, ReplayDataError when the data cannot be read.
    """
    require_free(host, port)
    until = clock.timeline.market_until if isinstance(clock, ReplayClock) else None
    app = create_app(ReplayConfig(dataset=dataset, keys=keys, plan=BASIC, market_until=until), clock)

    def stop_on_signals(server: Server) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)

    asyncio.run(serve(app, host, port, started=stop_on_signals))
    # Granian's own threads outlive its embedded server by some milliseconds, and abort the process (status -6)
    # when the interpreter is taken down under them.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
