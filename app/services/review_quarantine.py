"""Decide on a held row: release it into the store, or reject it; the reason and who gave it are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from app.domain.errors import InvalidRequestError
from app.ports.quality import Decision

if TYPE_CHECKING:
    from app.ports.clock import Clock
    from app.ports.quality import HeldView, Quarantine

LONGEST_REASON: Final = 500
Verdict = Literal["release", "reject"]


async def review_quarantine(  # noqa: PLR0913  what a decision is made of
    quarantine: Quarantine, clock: Clock, held_id: int, verdict: Verdict, *, reason: str, decided_by: str
) -> HeldView:
    """Carry out a verdict and return the row as it stands then; the same verdict twice changes nothing.

    A rejected row may still be released, a released one not rejected. Raises InvalidRequestError without a reason, or
    for a row that cannot be stored; ConflictError; UnknownSubjectError.
    """
    words = reason.strip()
    if not words or len(words) > LONGEST_REASON or not words.isprintable():
        message = f"A decision needs its reason: 1 to {LONGEST_REASON} printable characters."
        raise InvalidRequestError(message)
    decision = Decision(held_id=held_id, decided_by=decided_by, reason=words, at=clock.now())
    return await (quarantine.release if verdict == "release" else quarantine.reject)(decision)
