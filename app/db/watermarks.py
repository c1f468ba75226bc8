"""Read the versions of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import watermarks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.db.lanes import Lanes

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
