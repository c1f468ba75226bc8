"""Rows that were held back: shown, released into the store, or rejected; who decided and why stays beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from app.db.quarantine_release import release_row
from app.db.watermarks import move_watermarks
from app.domain.datasets import Watermark
from app.domain.errors import ConflictError, UnknownSubjectError
from app.ports.quality import HeldView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection, Database
    from app.db.instrument_ids import InstrumentIds
    from app.ports.quality import Decision, HeldQuery

COLUMNS: Final = HeldView.__struct_fields__
ONE: Final = f"SELECT {', '.join(COLUMNS)} FROM quarantine WHERE id = %s"  # noqa: S608  only our own field names
PAGE: Final = f"""
SELECT {", ".join(COLUMNS)} FROM quarantine
WHERE (%(dataset)s::text IS NULL OR dataset = %(dataset)s) AND (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND (%(symbol)s::text IS NULL OR symbol = %(symbol)s) AND (%(provider)s::text IS NULL OR provider = %(provider)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608  only our own field names
# A case that was decided keeps the time of the last decision; it is never decided before it was known.
DECIDE: Final = """
UPDATE quarantine SET state = %(state)s, decided_at = greatest(%(at)s, known_at), decided_by = %(by)s,
  reason = %(reason)s
WHERE id = %(id)s
"""


class QuarantineStore:
    """Held rows in PostgreSQL."""

    def __init__(self, database: Database, ids: InstrumentIds) -> None:
        """Work through this database; share the map of instruments."""
        self._database = database
        self._ids = ids

    async def page(self, query: HeldQuery) -> Sequence[HeldView]:
        """Return up to `limit` rows, the latest first."""
        values = {
            "dataset": query.dataset,
            "rule": query.rule,
            "symbol": query.symbol,
            "provider": query.provider,
            "state": query.state,
            "before": query.before_id,
            "limit": query.limit,
        }
        async with self._database.connection("quarantine") as connection:
            rows = await (await connection.execute(PAGE, values)).fetchall()
        return [view(row) for row in rows]

    async def get(self, held_id: int) -> HeldView:
        """Return one row; raise UnknownSubjectError when there is none."""
        async with self._database.connection("quarantine") as connection:
            return await read(connection, held_id)

    async def release(self, decision: Decision) -> HeldView:
        """Store the row as it is, as known from now on; releasing it twice is releasing it once.

        Raises InvalidRequestError for a row that cannot be stored, UnknownSubjectError when there is none.
        """
        async with self._database.transaction("quarantine") as unit:
            held = await read(unit, decision.held_id, lock=True)
            if held.state == "released":
                return held
            watermarks = await release_row(unit, held, decision.at, self._ids)
            return await decide(unit, decision, "released", watermarks)

    async def reject(self, decision: Decision) -> HeldView:
        """Close the case without storing the row; rejecting it twice is rejecting it once.

        Raises ConflictError for a row that was released, UnknownSubjectError when there is none.
        """
        async with self._database.transaction("quarantine") as unit:
            held = await read(unit, decision.held_id, lock=True)
            if held.state == "rejected":
                return held
            if held.state == "released":
                message = f"Row {held.id} was released and is stored: a later reply of its provider can correct it."
                raise ConflictError(message)
            return await decide(unit, decision, "rejected", [])


async def decide(unit: Connection, decision: Decision, state: str, watermarks: Sequence[Watermark]) -> HeldView:
    """Write a decision down, tell the readers, and return the row as it stands then."""
    values = {
        "id": decision.held_id,
        "state": state,
        "at": decision.at,
        "by": decision.decided_by,
        "reason": decision.reason,
    }
    await unit.execute(DECIDE, values)
    decided = await read(unit, decision.held_id)
    await move_watermarks(unit, [*watermarks, Watermark.QUARANTINE])
    return decided


async def read(connection: Connection, held_id: int, *, lock: bool = False) -> HeldView:
    """Return one row; raise UnknownSubjectError when there is none."""
    row = await (await connection.execute(ONE + (" FOR UPDATE" if lock else ""), [held_id])).fetchone()
    if row is None:
        message = f"There is no held row {held_id}: GET /api/quarantine lists them."
        raise UnknownSubjectError(message)
    return view(row)


def view(row: tuple[object, ...]) -> HeldView:
    """Return a row by name."""
    return HeldView(**cast("dict[str, Any]", dict(zip(COLUMNS, row, strict=True))))
