"""What every ingest writes beside its facts: the fetch, the rows held back, what is settled, what readers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from app.db.settled import to_multirange
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.domain.datasets import Watermark
    from app.domain.quality import HeldRow
    from app.ports.stores import Fetched, Stored

MOST_ROW_BYTES = 1_500

# The number comes first, because facts refer to it; the row comes last, when it is known what became of them.
NEXT_FETCH = "nextval(pg_get_serial_sequence('fetches', 'id'))"
HOLD = """
INSERT INTO quarantine (dataset, symbol, session, rule, evidence, row, provider, fetch_id, known_at)
SELECT %(dataset)s, h.symbol, h.session, h.rule, h.evidence, h.row, %(provider)s, %(fetch)s, %(known_at)s
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS h(symbol text, session date, rule text, evidence jsonb, row jsonb)
ON CONFLICT DO NOTHING
"""
# One statement, and the last of every ingest: these rows are shared by all of them, and are locked until the commit.
CLOSE = """
WITH logged AS (
  INSERT INTO fetches (id, provider, dataset, subject, payload_sha256, payload_bytes, row_count, inserted, changed,
    held, settles, step, known_at) OVERRIDING SYSTEM VALUE
  VALUES (%(id)s, %(provider)s, %(dataset)s, %(subject)s, %(sha256)s, %(size)s, %(rows)s, %(inserted)s, %(changed)s,
    %(held)s, %(span)s::datemultirange IS NOT NULL, %(step)s, %(known_at)s)
), answered AS (
  INSERT INTO settled AS s (dataset, instrument_id, span)
  SELECT %(dataset)s, 0, %(span)s::datemultirange WHERE %(span)s::datemultirange IS NOT NULL
  ON CONFLICT (dataset, instrument_id) DO UPDATE SET span = s.span + excluded.span
), bumped AS (
  INSERT INTO watermarks AS w (dataset, version, changed_at)
  SELECT dataset, 1, now() FROM unnest(%(watermarks)s::text[]) AS dataset ORDER BY dataset
  ON CONFLICT (dataset) DO UPDATE SET version = w.version + 1, changed_at = excluded.changed_at
  RETURNING dataset, version
)
SELECT pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text) FROM bumped
"""


async def open_fetch(unit: Connection) -> int:
    """Return the number of a new fetch."""
    row = await (await unit.execute(f"SELECT {NEXT_FETCH}")).fetchone()
    return cast("tuple[int]", row)[0]


async def close_fetch(
    unit: Connection, fetched: Fetched, fetch_id: int, stored: Stored, watermarks: Sequence[Watermark]
) -> None:
    """Record the reply and what became of its rows, settle what is answered, and tell readers of what changed."""
    values = {
        "id": fetch_id,
        "provider": fetched.provider,
        "dataset": fetched.dataset,
        "subject": fetched.subject,
        "sha256": fetched.payload.sha256,
        "size": fetched.payload.size,
        "rows": stored.rows,
        "inserted": stored.inserted,
        "changed": stored.changed,
        "held": stored.held,
        "span": None if fetched.settles is None else to_multirange([fetched.settles]),
        "step": fetched.step,
        "known_at": fetched.known_at,
        "watermarks": [watermark.value for watermark in watermarks],
    }
    await unit.execute(CLOSE, values)
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
