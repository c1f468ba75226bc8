"""The articles themselves, at the addresses that the news answers give: no key is asked for, nothing is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Request, Response, get
from litestar.datastructures import State  # noqa: TC002  Litestar reads annotations at run time

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from app.ports.clock import Clock
    from app.replay.data.stories import Stories


def story_routes(stories: Stories, clock: Clock) -> list[HTTPRouteHandler]:
    """Return the handlers of an article's page, and of the address through which Finnhub leads to it."""

    @get("/news/{ref:str}", sync_to_thread=False)
    def page(request: Request[None, None, State]) -> Response[str]:
        return shown(str(request.path_params["ref"]))

    @get("/api/news", sync_to_thread=False)
    def through(request: Request[None, None, State]) -> Response[str]:
        return shown(request.query_params.get("id", ""))

    def shown(ref: str) -> Response[str]:
        story = stories.read(ref, clock.now())
        if story is None:
            return Response("There is no such article.\n", status_code=404, media_type="text/plain")
        text = f"{story.title}\n\n{story.text}\n\n{story.source}, {story.at:%Y-%m-%d %H:%M} UTC\n"
        return Response(text, media_type="text/plain")

    return [page, through]
