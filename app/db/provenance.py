"""Read where a stored value comes from: the fetch, the reply's hash, the step, and what the value superseded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from app.db.company_facts import renamed
from app.db.provenance_sql import STATEMENTS
from app.domain.datasets import Dataset
from app.ports.fact_reads import Origin, OriginAnswer

if TYPE_CHECKING:
    from app.db.lanes import Lanes
    from app.ports.fact_reads import OriginQuery

FOR_EVER: Final = "infinity"
ORIGINS: Final = msgspec.json.Decoder(list[Origin])


class Provenance:
    """Origins as `app.ports.fact_reads.OriginReads` asks for them."""

    def __init__(self, lanes: Lanes) -> None:
        """Read over these connections."""
        self.lanes = lanes

    async def origins(self, query: OriginQuery) -> OriginAnswer:
        """Return a value's origins, what is known now first."""
        about = str(query.article) if query.dataset is Dataset.NEWS else query.symbol or ""
        as_of = query.as_of.isoformat() if query.as_of else FOR_EVER
        which = () if query.dataset is Dataset.NEWS else (query.fact or str(query.day),)
        rows = await self.lanes.rows("provenance", STATEMENTS[query.dataset], (about, as_of, str(query.limit), *which))
        [(subject, origins, present)] = rows
        if subject is None:
            return OriginAnswer(origins=None)
        return OriginAnswer(origins=ORIGINS.decode(origins or b"[]"), renamed=renamed(query.symbol or "", present))
