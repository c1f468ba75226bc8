"""How many bars each session has, kept by the transactions that store them: nobody has to count bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from app.db.engine import Connection

COUNT = """
INSERT INTO bar_sessions AS s (session, stored)
SELECT session, added FROM unnest(%(sessions)s::date[], %(added)s::integer[]) AS n(session, added) ORDER BY session
ON CONFLICT (session) DO UPDATE SET stored = s.stored + excluded.stored, version = s.version + 1
"""


async def count_bars(unit: Connection, added: Mapping[date, int]) -> None:
    """Note how many bars were added to sessions, 0 where some were only changed: these are judged (again)."""
    if added:
        await unit.execute(COUNT, {"sessions": list(added), "added": list(added.values())})
