"""Store corporate actions: what was known before a correction stays, with the time until which it was known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.db.instrument_ids import InstrumentIds
from app.domain.datasets import Watermark
from app.domain.instrument_symbols import AMBIGUOUS
from app.domain.quality import EVIDENCE, HeldRow
from app.ports.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.domain.actions import ReportedAction
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched, Sweep

FACTS = (
    "instrument_id, kind, ex_date, split_from, split_to, cash_amount, currency, dividend_type, declared_on, record_on,"
    " pay_on"
)
REPORTED = """
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS r(
  ref text, instrument_id integer, kind text, ex_date date, split_from numeric, split_to numeric, cash_amount numeric,
  currency text, dividend_type text, declared_on date, record_on date, pay_on date)
"""
# Two statements, so that the index of current rows sees the old one gone before the new one comes.
SUPERSEDE = f"""
WITH reported AS (SELECT * {REPORTED})
UPDATE corporate_actions c SET superseded_at = greatest(%(now)s, c.known_at + interval '1 microsecond')
FROM reported r
WHERE c.provider = %(provider)s AND c.provider_ref = r.ref AND c.superseded_at IS NULL
  AND ({FACTS.replace("instrument_id", "c.instrument_id").replace(", ", ", c.")})
      IS DISTINCT FROM ({FACTS.replace("instrument_id", "r.instrument_id").replace(", ", ", r.")})
"""  # noqa: S608  only our own constants
ADD = f"""
WITH reported AS (SELECT * {REPORTED})
INSERT INTO corporate_actions ({FACTS}, provider, provider_ref, fetch_id, known_at, seen_at)
SELECT {FACTS}, %(provider)s, ref, %(fetch)s, greatest(%(now)s, (
  SELECT max(superseded_at) FROM corporate_actions c WHERE c.provider = %(provider)s AND c.provider_ref = r.ref)),
  %(now)s
FROM reported r
WHERE NOT EXISTS (
  SELECT FROM corporate_actions c
  WHERE c.provider = %(provider)s AND c.provider_ref = r.ref AND c.superseded_at IS NULL)
ORDER BY ref
ON CONFLICT (provider, provider_ref) WHERE superseded_at IS NULL DO NOTHING
"""  # noqa: S608  only our own constants

SEEN = f"""
WITH reported AS (SELECT * {REPORTED})
UPDATE corporate_actions c SET seen_at = %(now)s FROM reported r
WHERE c.provider = %(provider)s AND c.provider_ref = r.ref AND c.superseded_at IS NULL
"""  # noqa: S608  only our own constants
# Not when it would be more than a few of those in range: then the sweep is more likely to have been cut short.
WITHDRAW = """
WITH ranged AS (
  SELECT id, seen_at < %(began)s AS gone FROM corporate_actions
  WHERE provider = %(provider)s AND kind = %(kind)s AND ex_date >= %(since)s AND superseded_at IS NULL
), counted AS (SELECT count(*) AS n, count(*) FILTER (WHERE gone) AS gone FROM ranged)
UPDATE corporate_actions c SET superseded_at = greatest(%(now)s, c.known_at + interval '1 microsecond')
FROM ranged r, counted n
WHERE c.id = r.id AND r.gone AND n.gone <= greatest(1, n.n * %(most)s)
"""
MOST_WITHDRAWN = 0.2


class ActionsIngestStore:
    """Corporate actions into PostgreSQL."""

    def __init__(self, ids: InstrumentIds | None = None) -> None:
        """Share the map of instruments, when there is one."""
        self._ids = ids or InstrumentIds()

    async def store(
        self, unit: UnitOfWork, actions: Sequence[ReportedAction], fetched: Fetched, sweep: Sweep | None = None
    ) -> Stored:
        """Store sound actions; each reference comes once. Unknown symbols become instruments.

        With a `sweep`, of which these are the last, end what it no longer reported.
        """
        connection = cast("Connection", unit)
        fetch_id = await open_fetch(connection)
        ids, made = await self._ids.of(
            connection, [action.symbol for action in actions], fetched, on=[action.ex_date for action in actions]
        )
        if AMBIGUOUS in ids:
            actions, ids, fetched = sure(actions, ids, fetched)
        values = {
            "rows": storable([described(a, i) for a, i in zip(actions, ids, strict=True)]),
            "provider": fetched.provider,
            "now": fetched.known_at,
            "fetch": fetch_id,
        }
        changed = (await connection.execute(SUPERSEDE, values)).rowcount
        await connection.execute(SEEN, values)
        added = (await connection.execute(ADD, values)).rowcount
        gone = await withdraw(connection, sweep, fetched) if sweep else 0
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(
            rows=len(actions), inserted=added - changed, changed=changed, held=held, instruments=made, withdrawn=gone
        )
        watermarks = [
            *([Watermark.CORPORATE_ACTIONS] if added or gone else []),
            *([Watermark.INSTRUMENTS] if made else []),
        ]
        await close_fetch(connection, fetched, fetch_id, stored, watermarks)
        return stored


def sure(
    actions: Sequence[ReportedAction], ids: list[int], fetched: Fetched
) -> tuple[list[ReportedAction], list[int], Fetched]:
    """Hold the actions of which it cannot be told whose they are, and return the others."""
    evidence = {"ambiguous_symbol": EVIDENCE["ambiguous_symbol"]}
    held = [
        HeldRow(
            symbol=action.symbol,
            session=action.ex_date,
            rule="ambiguous_symbol",
            evidence=evidence,
            row=msgspec.to_builtins(action),
        )
        for action, number in zip(actions, ids, strict=True)
        if number == AMBIGUOUS
    ]
    known = [(action, number) for action, number in zip(actions, ids, strict=True) if number != AMBIGUOUS]
    kept = msgspec.structs.replace(fetched, held=[*fetched.held, *held])
    return [action for action, _ in known], [number for _, number in known], kept


async def withdraw(connection: Connection, sweep: Sweep, fetched: Fetched) -> int:
    """End what a whole sweep no longer reported; return how many. Nothing when that would be more than a fifth."""
    values = {
        "provider": fetched.provider,
        "kind": sweep.kind,
        "since": sweep.since,
        "began": sweep.began,
        "now": fetched.known_at,
        "most": MOST_WITHDRAWN,
    }
    return (await connection.execute(WITHDRAW, values)).rowcount


def described(action: ReportedAction, instrument_id: int) -> dict[str, Any]:
    """Return an action for JSON; decimals go as text, exactly."""
    return {**msgspec.structs.asdict(action), "instrument_id": instrument_id}
