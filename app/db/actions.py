"""Read corporate actions through Piccolo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.db.conditions import behind, known, within
from app.db.symbols_then import symbols_then
from app.db.tables.market import CorporateActions as ActionTable
from app.ports.reads import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.everyday import Everyday
    from app.ports.reads import ActionQuery

OWN: Final = [field.name for field in msgspec.structs.fields(Action) if field.name != "symbol"]
COLUMNS: Final = (
    *(getattr(ActionTable, name) for name in OWN),
    ActionTable.instrument.as_alias("number"),
    ActionTable.instrument.symbol.as_alias("symbol"),
)


class Actions:
    """Actions as `app.ports.reads.ActionReads` asks for them."""

    def __init__(self, everyday: Everyday) -> None:
        """Read through this engine."""
        self.everyday = everyday

    async def page(self, query: ActionQuery) -> Sequence[Action]:
        """Return up to `limit` actions, the latest ex-date first."""
        table = ActionTable
        select = table.select(*COLUMNS).order_by(table.ex_date, table.id, ascending=False).limit(query.limit)
        for condition in conditions(query):
            select = select.where(condition)
        found = await symbols_then(self.everyday, await self.everyday.rows("actions_page", select), query.as_of)
        return [Action(**row) for row in found]


def conditions(query: ActionQuery) -> list[Any]:
    """Return what a question asks for as Piccolo's conditions."""
    table = ActionTable
    found = [
        *known(table.known_at, table.superseded_at, query.as_of),
        *within(table.ex_date, query.from_, query.until),
        *behind(table.ex_date, table.id, query.after),
    ]
    if query.instruments is not None:
        found.append(table.instrument.is_in(list(query.instruments)))
    if query.kind is not None:
        found.append(table.kind == query.kind)
    return found
