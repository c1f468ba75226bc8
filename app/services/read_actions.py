"""Read corporate actions of some instruments, or of the whole market."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.ports.reads import ActionQuery
from app.services.read_bars import nobody_knows

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
    """A page of actions, whether there are more, and the symbols that nobody knows."""

    items: list[Action]
    more: bool
    unknown: list[str]


async def read_actions(actions: ActionReads, instruments: InstrumentReads, request: ActionRequest) -> ActionPage:
    """Answer a question for corporate actions.

    Raises InvalidRequestError when the range is empty, UnknownSubjectError when no symbol is known.
    """
    if request.from_ is not None and request.until is not None and request.from_ >= request.until:
        message = f"`from` ({request.from_}) must be before `until` ({request.until}), which is exclusive."
        raise InvalidRequestError(message)
    numbers, unknown = None, []
    if request.symbols is not None:
        known = {instrument.symbol: instrument.id for instrument in await instruments.named(request.symbols)}
        unknown = [symbol for symbol in request.symbols if symbol not in known]
        if not known:
            raise UnknownSubjectError(nobody_knows(unknown))
        numbers = tuple(known.values())
    query = ActionQuery(
        instruments=numbers,
        kind=request.kind,
        from_=request.from_,
        until=request.until,
        as_of=request.as_of,
        after=request.after,
        limit=request.limit + 1,
    )
    found = await actions.page(query)
    return ActionPage(items=list(found[: request.limit]), more=len(found) > request.limit, unknown=unknown)
