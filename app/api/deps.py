"""What a handler asks for by name, and what a route says of itself.

A route module exports ``ROUTES``, a list of handlers, and is found by its place in `app/api/routes/`::

    @get("/things/{name:str}", **READ, operation_id="getThing", tags=["things"])
    async def thing(house: HouseDependency, name: Annotated[str, path(max_length=32)]) -> Thing: ...

Every route names who may use it: ``**PUBLIC``, ``**READ`` (free in dev, the operator's token in prod),
``**SCRAPE`` (as READ, but a scraper's address needs no token) or ``**OPERATE`` (always the token). The API
does not start with a route that says nothing.
"""

from typing import TYPE_CHECKING, Any

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from app.api.auth import Doorkeeper
from app.bootstrap import House

if TYPE_CHECKING:
    from collections.abc import Mapping

# The live parts of this process. A Protocol cannot be validated, so Litestar is told not to.
HouseDependency = NamedDependency[SkipValidation[House]]

DoorkeeperDependency = NamedDependency[SkipValidation[Doorkeeper]]

PUBLIC: dict[str, Any] = {"opt": {"access": "public"}}
READ: dict[str, Any] = {"opt": {"access": "read"}}
SCRAPE: dict[str, Any] = {"opt": {"access": "scrape"}}
OPERATE: dict[str, Any] = {"opt": {"access": "operate"}}


def producing(access: "Mapping[str, Any]", *media_types: str) -> dict[str, Any]:
    """Say which media types a route can answer with, best first; a route that says nothing answers JSON.

    The edge answers 406 when the client accepts none of them.
    """
    return {**access, "opt": {**access["opt"], "produces": media_types}}


def house_of(state: State) -> House:
    """Return the house that the lifespan opened."""
    house: House = state["house"]
    return house


def doorkeeper_of(state: State) -> Doorkeeper:
    """Return who decides on access."""
    doorkeeper: Doorkeeper = state["doorkeeper"]
    return doorkeeper


PROVIDE = {
    "house": Provide(house_of, sync_to_thread=False),
    "doorkeeper": Provide(doorkeeper_of, sync_to_thread=False),
}
