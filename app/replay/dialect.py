"""What every provider dialect is: calls in, replies out, limits declared."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from app.replay.allowance import Window  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.replay.allowance import Allowance


class Manner(StrEnum):
    """How an answer goes over the wire when it does not go as it should; see `app.replay.wire`."""

    RESET = "reset"
    SILENT = "silent"
    SLOW_BYTES = "slow_bytes"
    TRUNCATED_BODY = "truncated_body"
    LENGTH_TOO_SHORT = "length_too_short"
    LENGTH_TOO_LONG = "length_too_long"
    NOT_HTTP = "not_http"
    BROKEN_CHUNKS = "broken_chunks"
    HUGE_HEADER = "huge_header"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a dialect sees it.

    `base_url` is the scheme, host and port that the client used; `now` the market time of arrival.
    """

    path: str
    params: dict[str, str]
    base_url: str
    now: datetime


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: the status, the body, further headers, and what the audit calls it.

    With a `manner` it goes out wrongly; `pause_s` is then the machine time between slow bytes.
    """

    status: int
    body: bytes
    outcome: str
    headers: dict[str, str] = {}
    media_type: str = "application/json"
    manner: Manner | None = None
    pause_s: float = 0.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription allows: its windows, and how many years of history."""

    name: str
    windows: tuple[Window, ...]
    history_years: int


class Dialect(Protocol):
    """One provider's wire format."""

    @property
    def name(self) -> str:
        """Name of the provider."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths that the provider answers; one that ends with a slash stands for everything below it."""

    @property
    def plan(self) -> Plan:
        """Limits of the plan that is played."""

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the key that a request carries."""

    def bad_key(self, key: str | None) -> Reply:
        """Answer a request without a key, or with an unknown one."""

    def too_many(self, key: str, full: Sequence[Window]) -> Reply:
        """Answer a request over the limit of some windows."""

    def error_as_ok(self) -> Reply:
        """Answer status 200 with an error inside, as this provider would."""

    def limits(self, allowance: Allowance, now: datetime) -> Mapping[str, str]:
        """Return the headers that tell how much is left."""

    def answer(self, call: Call) -> Reply:
        """Answer a granted request."""

    def of_another_day(self, call: Call) -> Call:
        """Return the same request as of another day, for an answer that was not asked for."""
