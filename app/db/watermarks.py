"""Read the versions of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import watermarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.db.engine import Connection
    from app.db.lanes import Lanes
    from app.domain.datasets import Watermark

# The rows are shared by all writers, and are locked until the commit: the last statement of a transaction.
MOVE = """
WITH bumped AS (
  INSERT INTO watermarks AS w (dataset, version, changed_at)
  SELECT dataset, 1, now() FROM unnest(%s::text[]) AS dataset ORDER BY dataset
  ON CONFLICT (dataset) DO UPDATE SET version = w.version + 1, changed_at = excluded.changed_at
  RETURNING dataset, version
)
SELECT pg_notify('groat_changes', json_build_object('dataset', dataset, 'version', version)::text) FROM bumped
"""
VERSIONS = "SELECT string_agg(dataset || ':' || version, ',') FROM watermarks"


class Watermarks:
    """Watermarks as `app.ports.reads.WatermarkReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def versions(self) -> Mapping[str, int]:
        """Return each dataset's version; a dataset that never changed is absent."""
        rows = await self.lanes.rows("watermarks", VERSIONS, ())
        return watermarks.versions((rows[0][0] or b"").decode())


async def move_watermarks(unit: Connection, watermarks: Sequence[Watermark]) -> None:
    """Move these datasets on, and tell the listeners when the transaction commits."""
    await unit.execute(MOVE, [[watermark.value for watermark in watermarks]])
