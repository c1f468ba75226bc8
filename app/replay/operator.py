"""Doors for whoever runs the replay: its audit, its clock, its health, its misbehaviour. Loopback only, no key."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import State  # noqa: TC002  Litestar reads annotations at run time

from app.replay.misbehaviour.rules import MOST_RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.handlers import HTTPRouteHandler

    from app.replay.counter import FrontCounter
    from app.replay.data.market_data import MarketData
    from app.replay.misbehaviour.rules import Rulebook
    from app.replay.state import ReplayState


class RefusedRuleError(ValueError):
    """A rule is not taken; the text says why."""


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


def misbehaviour_routes(rules: Rulebook) -> list[HTTPRouteHandler]:
    """Return the handlers of ``/replay/misbehave``: read the rules in force, add one, drop them all."""
    path = "/replay/misbehave"

    @get(path, sync_to_thread=False)
    def read(request: Request[None, None, State]) -> Response[bytes]:
        return answer(request, rules.counts)

    @post(path, status_code=200)
    async def add(request: Request[None, None, State]) -> Response[bytes]:
        body = await request.body()
        return answer(request, lambda: added(rules, body))

    @delete(path, status_code=200, sync_to_thread=False)
    def clear(request: Request[None, None, State]) -> Response[bytes]:
        return answer(request, rules.clear)

    return [read, add, clear]


def added(rules: Rulebook, body: bytes) -> object:
    """Put one rule in force and return them all; raise RefusedRuleError for what is no rule."""
    try:
        rule = msgspec.json.decode(body, type=Rule)
    except msgspec.DecodeError as e:
        message = f"That is no rule of misbehaviour: {e}"
        raise RefusedRuleError(message) from None
    if not rules.add(rule):
        message = f"There are {MOST_RULES} rules already: drop them with DELETE first."
        raise RefusedRuleError(message)
    return rules.counts()


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
        return written(403, {"error": "The replay's own pages are served to this machine only: ask over 127.0.0.1."})
    try:
        return written(200, make())
    except RefusedRuleError as e:
        return written(400, {"error": str(e)})


def written(status: int, body: object) -> Response[bytes]:
    """Write an answer as JSON."""
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
