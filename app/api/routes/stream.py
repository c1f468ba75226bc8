"""The live stream: what changed, as it changes, so that no page has to ask again and again."""

from typing import Annotated, Any

from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from app.api.deps import READ, HouseDependency, producing
from app.api.event_stream import EventStream

EVENTS = "text/event-stream"
LastId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        max_length=80,
        description="The last id that was received: what came since then is sent first, or `reset`.",
    ),
]
STREAM = ResponseSpec(
    str, media_type=EVENTS, description="Events, for as long as the connection lasts.", generate_examples=False
)


@get(
    "/stream",
    **producing(READ, EVENTS),
    operation_id="getStream",
    tags=["system"],
    summary="What changes, as it changes",
    media_type=EVENTS,
    responses={200: STREAM},
)
async def stream(house: HouseDependency, last_event_id: LastId = None) -> EventStream:
    """Return server-sent events, without end: who gets one asks the other operations for what it is about.

    Events, each with a JSON object as data: `pipeline` (StreamPipeline: a run, or one step of it, has another state),
    `bars` (StreamBars: a dataset's watermark moved), `quota` (StreamQuota: the use of a provider's window), `quality`
    (StreamQuality: held rows and open flags), `health` (StreamHealth: a dependency's state) and `reset` (StreamReset:
    events may have been missed, ask for everything anew).

    The first block tells where the client stands. About 10,000 events are kept: send the last id to go on after it.
    A comment comes each 15 seconds; 503 means that this process serves as many streams as it may.
    """
    return EventStream(house.stream, await house.stream.join(last_event_id or ""))


ROUTES: list[Any] = [stream]
