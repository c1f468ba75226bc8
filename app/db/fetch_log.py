"""What every ingest writes beside its facts: the fetch, the rows held back, what is settled, what readers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from app.db.settled import SETTLE, to_multirange
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.domain.datasets import Watermark
    from app.domain.quality import HeldRow
    from app.ports.stores import Fetched, Stored

MOST_ROW_BYTES = 1_500

OPEN = """
INSERT INTO fetches (provider, dataset, subject, payload_sha256, payload_bytes, row_count, settles, step, known_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
CLOSE = "UPDATE fetches SET inserted = %s, changed = %s, held = %s WHERE id = %s"
HOLD = """
INSERT INTO quarantine (dataset, symbol, session, rule, evidence, row, provider, fetch_id, known_at)
SELECT %(dataset)s, h.symbol, h.session, h.rule, h.evidence, h.row, %(provider)s, %(fetch)s, %(known_at)s
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS h(symbol text, session date, rule text, evidence jsonb, row jsonb)
ON CONFLICT DO NOTHING
"""
BUMP = """
WITH bumped AS (
  INSERT INTO watermarks (dataset, version, changed_at) VALUES (%s, 1, now())
  ON CONFLICT (dataset) DO UPDATE SET version = watermarks.version + 1, changed_at = excluded.changed_at
  RETURNING dataset, version
)
SELECT pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text) FROM bumped
"""


async def open_fetch(unit: Connection, fetched: Fetched, rows: int) -> int:
    """Record a reply and return its number; `rows` of it are sound."""
    values = [
        fetched.provider,
        fetched.dataset,
        fetched.subject,
        fetched.payload.sha256,
        fetched.payload.size,
        rows,
        fetched.settles is not None,
        fetched.step,
        fetched.known_at,
    ]
    return cast("int", (await (await unit.execute(OPEN, values)).fetchone() or [0])[0])


async def close_fetch(
    unit: Connection, fetched: Fetched, fetch_id: int, stored: Stored, watermarks: Sequence[Watermark]
) -> None:
    """Record what became of the rows, settle what is answered, and tell readers of what changed.

    Comes last in every ingest and in this order: these rows are shared by all of them, and are locked until the commit.
    """
    await unit.execute(CLOSE, [stored.inserted, stored.changed, stored.held, fetch_id])
    if fetched.settles is not None:
        await unit.execute(SETTLE, [fetched.dataset, to_multirange([fetched.settles])])
    for watermark in sorted(watermarks):
        await unit.execute(BUMP, [watermark])
    for change in ("inserted", "changed", "unchanged"):
        metrics.ROWS_STORED.labels(fetched.dataset.value, change).inc(getattr(stored, change))


async def hold_rows(unit: Connection, fetched: Fetched, fetch_id: int) -> int:
    """Put suspect rows into quarantine with their evidence; return how many were not there yet."""
    if not fetched.held:
        return 0
    values = {
        "dataset": fetched.dataset,
        "provider": fetched.provider,
        "fetch": fetch_id,
        "known_at": fetched.known_at,
        "rows": storable([described(row) for row in fetched.held]),
    }
    for row in fetched.held:
        metrics.ROWS_QUARANTINED.labels(fetched.dataset.value, row.rule).inc()
    return (await unit.execute(HOLD, values)).rowcount


def described(held: HeldRow) -> dict[str, Any]:
    """Return a held row for JSON; one too large for the index that finds it again is cut, as text."""
    found: dict[str, Any] = msgspec.structs.asdict(held)
    text = msgspec.json.encode(held.row)
    if len(text) > MOST_ROW_BYTES:
        found["row"] = {"cut": text[: MOST_ROW_BYTES // 2].decode("utf-8", "replace")}
    return found


def storable(value: object) -> str:
    """Encode as JSON that `jsonb` takes: it has no NUL character."""
    return msgspec.json.encode(value).decode().replace("\\u0000", "\\ufffd")
