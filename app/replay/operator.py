"""Doors for whoever runs the replay: its audit, its clock, its health. Loopback only, no key."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State  # noqa: TC002  Litestar reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.handlers import HTTPRouteHandler

    from app.replay.counter import FrontCounter
    from app.replay.data.market_data import MarketData
    from app.replay.state import ReplayState


def operator_routes(
    counters: list[FrontCounter], data: MarketData, read_state: Callable[[], ReplayState]
) -> list[HTTPRouteHandler]:
    """Return the handlers of ``/replay/audit``, ``/replay/clock`` and ``/replay/health``."""

    @get("/replay/audit", sync_to_thread=False)
    def audit(request: Request[None, None, State]) -> Response[bytes]:
        return answer(request, lambda: [counter.audit() for counter in counters])

    @get("/replay/clock", sync_to_thread=False)
    def clock(request: Request[None, None, State]) -> Response[bytes]:
        return answer(request, read_state)

    @get("/replay/health", sync_to_thread=False)
    def health(request: Request[None, None, State]) -> Response[bytes]:
        return answer(request, lambda: facts(data, read_state()))

    return [audit, clock, health]


def facts(data: MarketData, state: ReplayState) -> dict[str, object]:
    """Describe the data set and say where the replay stands."""
    return {
        "status": "ok",
        "dataset": data.name,
        "bars": len(data.bars),
        "tickers": len(data.bars.tickers),
        "listings": len(data.listings),
        "first_session": data.first,
        "last_session": data.last,
        "state": state.state,
        "message": state.message,
    }


def answer(request: Request[None, None, State], make: Callable[[], object]) -> Response[bytes]:
    """Answer callers on this machine; refuse the others."""
    if not is_loopback(request.client.host if request.client else ""):
        body = {"error": "The replay's own pages are served to this machine only: ask over 127.0.0.1."}
        return Response(msgspec.json.encode(body), status_code=403, media_type="application/json")
    return Response(msgspec.json.encode(make()), media_type="application/json")


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
