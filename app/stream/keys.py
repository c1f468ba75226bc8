"""The keys of the stream in Valkey, and how an event and its id are written."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from app.ports.stream import NAMES

if TYPE_CHECKING:
    from app.ports.stream import StreamEvent
    from app.valkey_protocol import Words

STREAM: Final = "groat:stream"
# Names this life of the stream: who finds another one knows that it was wiped.
EPOCH: Final = "groat:stream:epoch"
BOARD: Final = "groat:stream:board"
LEADER: Final = "groat:stream:leader"
MOST_KEPT: Final = 10_000
EPOCH_LETTERS: Final = 12
MOST_NUMBER: Final = 2**64 - 1
MOST_DIGITS: Final = 20


class Place(NamedTuple):
    """An entry's place in the stream, ordered as Valkey orders its ids."""

    ms: int
    seq: int

    def text(self) -> str:
        """Return it as Valkey writes it."""
        return f"{self.ms}-{self.seq}"


START: Final = Place(0, 0)


def place_of(entry_id: bytes) -> Place:
    """Read Valkey's own id of an entry."""
    ms, _, seq = entry_id.partition(b"-")
    return Place(int(ms), int(seq))


def event_id(epoch: str, place: Place) -> str:
    """Return the id that a client keeps."""
    return f"{epoch}-{place.text()}"


def read_id(given: str) -> tuple[str, Place] | None:
    """Read an id that a client sends back; None for what is none of ours."""
    epoch, _, rest = given.partition("-")
    numbers = rest.split("-")
    if not epoch.isalnum() or not given.isascii() or len(numbers) != 2:  # noqa: PLR2004  milliseconds and a count
        return None
    if not all(number.isdecimal() and len(number) <= MOST_DIGITS for number in numbers):
        return None
    place = Place(*map(int, numbers))
    return (epoch, place) if max(place) <= MOST_NUMBER else None


def set_epoch() -> Words:
    """Return the command that names this life of the stream, when nothing has named it yet."""
    return ["SET", EPOCH, secrets.token_hex(EPOCH_LETTERS // 2), "NX"]


def add(event: StreamEvent) -> Words:
    """Return the command that adds an event."""
    return ["XADD", STREAM, "MAXLEN", "~", MOST_KEPT, "*", NAMES[type(event)], msgspec.json.encode(event)]


def frame(name: str, data: bytes, event_id: str = "") -> bytes:
    """Return an event as server-sent events want it; JSON holds no line break."""
    head = f"id: {event_id}\nevent: {name}\ndata: " if event_id else f"event: {name}\ndata: "
    return head.encode() + data + b"\n\n"


def frame_of(event: StreamEvent, event_id: str = "") -> bytes:
    """Return an event that is told to one client, or to those of one process."""
    return frame(NAMES[type(event)], msgspec.json.encode(event), event_id)
