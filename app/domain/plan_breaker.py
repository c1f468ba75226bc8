"""The circuit breaker of a provider: a pure function of what came of its latest calls."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003  msgspec reads annotations at run time
from typing import Literal

import msgspec

from app.domain.quotas import Outcome

FAILURES = frozenset({Outcome.SERVER_ERROR, Outcome.UNREACHABLE, Outcome.MALFORMED})
# These say nothing of how the provider is.
SILENT = frozenset({Outcome.UNSENT})
MOST_IN_A_ROW = 5
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 3_600.0
# So many calls are enough to tell how long the longest wait is.
LOOKED_AT = 24


class Recent(msgspec.Struct, frozen=True):
    """What came of a call, and how many machine seconds ago; None while it is under way, or was lost."""

    outcome: Outcome | None
    ago_s: float


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """``closed``: ask. ``open``: do not, for `wait_s` machine seconds. ``half_open``: one call may try."""

    state: Literal["closed", "open", "half_open"] = "closed"
    wait_s: float = 0.0
    failures: int = 0
    kind: Outcome | None = None

    @property
    def reason(self) -> str:
        """Say why it is not closed."""
        return f"its last {self.failures} calls failed ({self.kind})"


CLOSED = Breaker()


def judge(recent: Sequence[Recent]) -> Breaker:
    """Judge a provider by its latest calls, the newest first.

    Five failures in a row open the breaker for a minute; each further one doubles that, up to an hour. Then one call
    at a time may try: while it is under way, the breaker stays open.
    """
    under_way = 0
    failed: list[Recent] = []
    for call in recent:
        if call.outcome is None:
            under_way += not failed
        elif call.outcome in FAILURES:
            failed.append(call)
        elif call.outcome not in SILENT:
            break
    if len(failed) < MOST_IN_A_ROW:
        return CLOSED
    count, newest = len(failed), failed[0]
    wait_s = min(FIRST_WAIT_S * 2 ** min(count - MOST_IN_A_ROW, 10), LONGEST_WAIT_S) - newest.ago_s
    if wait_s > 0:
        return Breaker(state="open", wait_s=wait_s, failures=count, kind=newest.outcome)
    if under_way:
        return Breaker(state="open", wait_s=1.0, failures=count, kind=newest.outcome)
    return Breaker(state="half_open", failures=count, kind=newest.outcome)
