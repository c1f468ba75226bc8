"""Quotas: how many calls a provider allows, and when the next one may go.

A call *rests* in a window of span W from its reservation until W after the last moment at which the provider
can have counted it. That moment is `hold` after the reservation until the reply is in, and then the reply's
own time. A new call may go when, in every window, fewer calls rest than the window allows. Times are
microseconds of the quota clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence  # noqa: TC003  msgspec reads annotations at run time
from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from enum import StrEnum

import msgspec

SECOND_US = 1_000_000
# A provider's Date is whole seconds, and its reply took a while.
MOST_SKEW_S = 5.0


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """What a client keeps to, in machine seconds, so that the ledger knows when a call can be counted at the latest.

    `send_s` runs from the reading of the clock before the reservation to the first byte sent: later, the permit is
    dropped. `reply_s` is for the whole exchange. `slack_s` is what the network, and the provider's own queue, may add
    after we gave up.
    """

    send_s: float
    reply_s: float
    slack_s: float

    @property
    def hold_s(self) -> float:
        """Return how long after its reservation a call can still be counted."""
        return self.send_s + self.reply_s + self.slack_s


FAR = Deadlines(send_s=5.0, reply_s=30.0, slack_s=10.0)
# A replay market on this machine: a killed worker's calls must not hold the quota for most of a minute.
NEAR = Deadlines(send_s=2.0, reply_s=8.0, slack_s=5.0)


class CallClass(StrEnum):
    """Who waits for a call: somebody (``interactive``), or nobody (``background``)."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """At most `max_calls` in any `span_s` seconds of the quota clock; of one class only, when `only` names it."""

    max_calls: int
    span_s: float
    only: CallClass | None = None

    @property
    def span_us(self) -> int:
        """Return the span in microseconds."""
        return round(self.span_s * SECOND_US)

    def holds(self, call_class: CallClass) -> bool:
        """Tell whether calls of that class count in this window."""
        return self.only is None or self.only is call_class


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What one key may spend; `id` is derived from the key and never shows it."""

    id: str
    provider: str
    windows: tuple[Window, ...]
    hold_us: int


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """One reserved call; `at_us` was read before the reservation was asked for."""

    call_id: int
    allowance: str
    at_us: int


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """No call now.

    Asking before `soonest_us` (from now) is in vain; from `latest_us` on there is a slot, unless others took
    it. They differ while calls are in flight: their replies open slots sooner.
    """

    soonest_us: int
    latest_us: int
    why: str


class Outcome(StrEnum):
    """What became of a call; kept with it."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"
    BURST = "burst"
    NOT_YET_FINAL = "not_yet_final"
    NOT_ENTITLED = "not_entitled"
    BAD_KEY = "bad_key"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    MALFORMED = "malformed"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    UNSENT = "unsent"


class LimitHint(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply's headers say of the window of `span_s`: `limit` calls, of which `remaining` until `reset_at`.

    None where they do not say. A hint may only make the ledger stricter.
    """

    span_s: float
    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a call, for the log. `error` is scrubbed of secrets."""

    outcome: Outcome
    status: int | None = None
    reply_bytes: int | None = None
    duration_ms: float | None = None
    error: str | None = None


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """Where an allowance stands: for each resting call, how long from now it could last be counted (negative: ago).

    `by_class` has the same calls by class. `told` are windows narrower than declared, as the provider told them.
    `blocked_us` is how long from now the provider asked us to stay away; 0 when it did not.
    """

    lates_us: tuple[int, ...] = ()
    by_class: dict[CallClass, tuple[int, ...]] = {}
    told: tuple[Window, ...] = ()
    blocked_us: int = 0
    blocked_why: str | None = None


class WindowUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One window now; `next_free` is market time, and the present when there is a free slot.

    `max_calls` is what holds now: less than declared, when the provider told a lower limit. `only` is the class of
    calls that the window is for; null when it is for all. `leaves` is when each resting call leaves the window (market
    time, the first to leave first), if its reply were counted as late as it can be.
    """

    max_calls: int
    span_s: float
    resting: int
    next_free: datetime
    only: CallClass | None = None
    leaves: tuple[datetime, ...] = ()


class AllowanceUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's allowance now, and its calls of the last 24 hours by outcome (``lost``: never settled).

    `clock_skew_s` is how far the provider's clock is ahead of the database server's, None until it was compared.
    """

    provider: str
    allowance: str
    windows: tuple[WindowUsage, ...]
    next_free: datetime
    blocked_until: datetime | None
    blocked_why: str | None
    calls_last_day: dict[str, int]
    clock_skew_s: float | None = None

    @property
    def warning(self) -> str | None:
        """Say what the operator should look at; None when all is well."""
        if self.clock_skew_s is None or abs(self.clock_skew_s) <= MOST_SKEW_S:
            return None
        how = "ahead of" if self.clock_skew_s > 0 else "behind"
        return (
            f"{self.provider}'s clock is {abs(self.clock_skew_s):,.0f} s {how} the database server's: "
            "check the time of the database's host."
        )


def allowance_id(provider: str, key: str, realm: str = "") -> str:
    """Name an allowance by a one-way hash; `realm` keeps replays of the same key apart."""
    return hashlib.sha256(f"{provider}\n{key}\n{realm}".encode()).hexdigest()[:32]


def counted(window: Window, spending: Spending) -> tuple[int, ...]:
    """Return how long from now each resting call of the window's class could last be counted."""
    return spending.lates_us if window.only is None else spending.by_class.get(window.only, ())


def resting(window: Window, lates_us: Sequence[int]) -> int:
    """Count the calls that rest in a window."""
    return sum(late > -window.span_us for late in lates_us)


def free_in_us(windows: Sequence[Window], spending: Spending, call_class: CallClass = CallClass.INTERACTIVE) -> int:
    """Return how long from now the next call may go, if every call in flight took its whole hold."""
    return next_slots(windows, spending, 1, call_class)[0]


def next_slots(
    windows: Sequence[Window], spending: Spending, count: int, call_class: CallClass = CallClass.INTERACTIVE
) -> list[int]:
    """Return when each of the next `count` calls may go, in microseconds from now, if nobody else calls.

    Each is taken to be counted at once.
    """
    held = [(w, sorted(counted(w, spending))) for w in (*windows, *spending.told) if w.holds(call_class)]
    slots: list[int] = []
    at = max(0, spending.blocked_us)
    for _ in range(count):
        opens = [lates[-w.max_calls] + w.span_us for w, lates in held if len(lates) >= w.max_calls]
        at = max([at, *opens])
        slots.append(at)
        for _, lates in held:
            lates.append(max(at, lates[-1]) if lates else at)
    return slots
