"""Read corporate actions of some instruments, or of the whole market."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from app.ports.reads import ActionQuery
from app.services.asked_symbols import asked_symbols, require_range

if TYPE_CHECKING:
    from app.ports.reads import Action, ActionReads, InstrumentReads


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asked for: settled, but for the symbols. `symbols` is None for the whole market."""

    symbols: tuple[str, ...] | None
    kind: str | None
    from_: date | None
    until: date | None
    as_of: datetime | None
    after: tuple[date, int] | None
    limit: int


class ActionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of actions, whether there are more, the symbols that nobody knows, and former ones with those of now."""

    items: list[Action]
    more: bool
    unknown: list[str]
    renamed: dict[str, str]


async def read_actions(actions: ActionReads, instruments: InstrumentReads, request: ActionRequest) -> ActionPage:
    """Answer a question for corporate actions.

    Raises InvalidRequestError when the range is empty, UnknownSubjectError when no symbol is known.
    """
    require_range(request.from_, request.until)
    asked = await asked_symbols(instruments, request.symbols, request.as_of, request.until)
    query = ActionQuery(
        instruments=asked.numbers,
        kind=request.kind,
        from_=request.from_,
        until=request.until,
        as_of=request.as_of,
        after=request.after,
        limit=request.limit + 1,
    )
    found = await actions.page(query)
    return ActionPage(
        items=list(found[: request.limit]),
        more=len(found) > request.limit,
        unknown=asked.unknown,
        renamed=asked.renamed,
    )
