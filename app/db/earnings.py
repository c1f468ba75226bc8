"""Read earnings reports through Piccolo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.db.conditions import behind, known, within
from app.db.symbols_then import symbols_then
from app.db.tables.facts import EarningsReports
from app.ports.fact_reads import Earnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.everyday import Everyday
    from app.ports.fact_reads import EarningsQuery

OWN: Final = [field.name for field in msgspec.structs.fields(Earnings) if field.name != "symbol"]
COLUMNS: Final = (
    *(getattr(EarningsReports, name) for name in OWN),
    EarningsReports.instrument.as_alias("number"),
    EarningsReports.instrument.symbol.as_alias("symbol"),
)


class EarningsStore:
    """Reports as `app.ports.fact_reads.EarningsReads` asks for them."""

    def __init__(self, everyday: Everyday) -> None:
        """Read through this engine."""
        self.everyday = everyday

    async def page(self, query: EarningsQuery) -> Sequence[Earnings]:
        """Return up to `limit` reports, the latest report date first."""
        table = EarningsReports
        select = table.select(*COLUMNS).order_by(table.report_date, table.id, ascending=False).limit(query.limit)
        for condition in conditions(query):
            select = select.where(condition)
        found = await symbols_then(self.everyday, await self.everyday.rows("earnings_page", select), query.as_of)
        return [Earnings(**row) for row in found]


def conditions(query: EarningsQuery) -> list[Any]:
    """Return what a question asks for as Piccolo's conditions."""
    table = EarningsReports
    found = [
        *known(table.known_at, table.superseded_at, query.as_of),
        *within(table.report_date, query.from_, query.until),
        *behind(table.report_date, table.id, query.after),
    ]
    if query.instruments is not None:
        found.append(table.instrument.is_in(list(query.instruments)))
    if query.provider is not None:
        found.append(table.provider == query.provider)
    return found
