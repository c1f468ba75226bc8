"""Read the members of indices by date."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import UnknownSubjectError
from app.domain.index_memberships import INDICES

if TYPE_CHECKING:
    from app.ports.instrument_reads import IndexReads, IndexSummary, Member


class MembersRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for the members of an index on a day, as known then (aware UTC; None: now)."""

    index: str
    on: date
    as_of: datetime | None


async def read_members(store: IndexReads, asked: MembersRequest) -> list[Member]:
    """Return who was a member; raise UnknownSubjectError for an index whose members nobody knows."""
    found = await store.members(asked.index, asked.on, asked.as_of) if asked.index in INDICES else []
    if not found and asked.index not in {each.index for each in await store.summaries(asked.on, asked.as_of)}:
        known = ", ".join(INDICES)
        message = f"The members of {asked.index[:20]} are not known; those of {known} are, once `memberships` ran."
        raise UnknownSubjectError(message)
    return found


async def read_indices(store: IndexReads, on: date, as_of: datetime | None) -> list[IndexSummary]:
    """Return every index whose members are known."""
    return await store.summaries(on, as_of)
