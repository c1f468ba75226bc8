"""What the live stream tells: events about what changed, never the facts themselves, and who may send them."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from app.ports.health import State  # noqa: TC001  msgspec reads it too

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class StreamEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something changed: whoever shows it asks for it anew."""


class StreamProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is, in steps; `dead` ones will not be tried again."""

    done: int
    dead: int
    total: int


class StreamPipeline(StreamEvent, frozen=True, kw_only=True):
    """A run, or one step of it, has another state. Without `step` it is the run, and `progress` is known."""

    pipeline: str
    run_id: int
    state: str
    step: str | None = None
    part: str = ""
    progress: StreamProgress | None = None


class StreamBars(StreamEvent, frozen=True, kw_only=True):
    """A dataset's watermark moved; `session` is the newest trading day that is stored in whole, where days count."""

    dataset: str
    version: int
    session: date | None = None


class StreamQuota(StreamEvent, frozen=True, kw_only=True):
    """The use of one window of a provider's allowance. `next_free` is market time; None means now."""

    provider: str
    window_s: float
    call_class: str | None
    used: int
    limit: int
    next_free: datetime | None
    blocked: bool


class StreamQuality(StreamEvent, frozen=True, kw_only=True):
    """How many suspect rows of each dataset wait for a decision, and how many doubts about stored bars are open."""

    held: dict[str, int]
    flags: int


class StreamHealth(StreamEvent, frozen=True, kw_only=True):
    """Something that Groat needs has another state."""

    dependency: str
    state: State


class StreamReset(StreamEvent, frozen=True, kw_only=True):
    """Events may have been missed: ask for everything anew.

    `unknown_id`: what came after the id that was asked for is not kept; `wiped`: the stream was emptied; `gap`: it
    could not be read for a while; `slow`: the client did not keep up, and must connect again.
    """

    reason: Literal["unknown_id", "wiped", "gap", "slow"]


# The name that each event bears on the wire.
NAMES: Mapping[type[StreamEvent], str] = {
    StreamPipeline: "pipeline",
    StreamBars: "bars",
    StreamQuota: "quota",
    StreamQuality: "quality",
    StreamHealth: "health",
    StreamReset: "reset",
}


class Announcer(Protocol):
    """Where events are dropped in passing."""

    def tell(self, event: StreamEvent) -> None:
        """Pass an event on when that is possible. Never waits and never raises: an event may be lost."""


class Board(Protocol):
    """What was last told of each subject, kept beside the stream itself, and who may tell."""

    async def lead(self) -> bool:
        """Try to be the one process that tells of states; raise DependencyDownError when the stream is away."""

    async def read(self) -> Mapping[str, bytes]:
        """Return what was told last, by subject; raise DependencyDownError when the stream is away."""

    async def put(self, told: Mapping[str, tuple[StreamEvent | None, bytes]], gone: Sequence[str]) -> None:
        """Tell these events and note their subjects' states, and forget others, at once or not at all.

        A subject without an event is only noted.
        """


class StreamListener(Protocol):
    """One client of the stream, from joining to leaving."""

    async def next(self) -> bytes:
        """Return the server-sent events that wait, as soon as there are any; empty when it is over."""

    def end(self) -> None:
        """Let it be over."""


class LiveStream(Protocol):
    """The stream as a process passes it on."""

    async def join(self, last_id: str) -> StreamListener:
        """Take on a client, which goes on after `last_id`, or from now on when that is empty.

        Raises LaterError when there are as many clients as may be, or when the process is about to end.
        """

    def leave(self, client: StreamListener) -> None:
        """Forget a client that has gone."""

    def begin_close(self) -> None:
        """End every client's answer, and take no new one."""

    def measure(self) -> None:
        """Set the gauge of this process."""

    async def close(self) -> None:
        """Stop reading."""


class StreamReadings(Protocol):
    """States that are read from the database, to be compared with what was told last.

    Every method raises DependencyDownError when the database does not answer.
    """

    async def runs(self, known: Sequence[int], after: int | None) -> Sequence[StreamPipeline]:
        """Return the runs that are open, those of these numbers, and those newer than `after`; oldest first."""

    async def newest_session(self, dataset: str) -> date | None:
        """Return the newest trading day of a dataset that is stored in whole; None where days do not count."""

    async def quality(self) -> StreamQuality:
        """Return how many rows are held, and how many flags are open."""
