"""What every provider dialect is: calls in, replies out, limits declared."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING, Protocol

import msgspec

from app.replay.allowance import Window  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a dialect sees it.

    `base_url` is the scheme, host and port that the client used; `now` the market time of arrival.
    """

    path: str
    params: dict[str, str]
    base_url: str
    now: datetime


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: the status, the JSON body and what the audit calls it."""

    status: int
    body: bytes
    outcome: str


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
    def prefixes(self) -> tuple[str, ...]:
        """Paths, without the last slash, under which the provider answers."""

    @property
    def plan(self) -> Plan:
        """Limits of the plan that is played."""

    def key(self, params: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the key that a request carries."""

    def bad_key(self, key: str | None) -> Reply:
        """Answer a request without a key, or with an unknown one."""

    def too_many(self) -> Reply:
        """Answer a request over the limit."""

    def answer(self, call: Call) -> Reply:
        """Answer a granted request."""
