"""Give rows the symbols that their instruments had as far as was known at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.db.tables.market import Instruments

if TYPE_CHECKING:
    from datetime import datetime

    from app.db.everyday import Everyday

FORMER: Final = """
WITH told AS (SELECT {}::integer[] AS ids, {}::timestamptz AS as_of)
SELECT r.instrument_id AS id, r.symbol FROM told CROSS JOIN LATERAL unnest(told.ids) AS w(id)
JOIN instrument_revisions r ON r.instrument_id = w.id AND r.known_at <= told.as_of AND r.superseded_at > told.as_of"""


async def symbols_then(everyday: Everyday, rows: list[dict[str, Any]], as_of: datetime | None) -> list[dict[str, Any]]:
    """Return rows without their `number`, and with the symbol of that instrument as it was known then; None is now."""
    numbers = [row.pop("number") for row in rows]
    if as_of is None or not numbers:
        return rows
    found = await everyday.rows("symbols_then", Instruments.raw(FORMER, sorted(set(numbers)), as_of))
    then = {each["id"]: each["symbol"] for each in found}
    return [{**row, "symbol": then.get(number, row["symbol"])} for row, number in zip(rows, numbers, strict=True)]
