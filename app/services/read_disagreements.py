"""Read where providers disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.ports.fact_reads import Disagreement  # noqa: TC001  msgspec reads annotations at run time
from app.services.asked_symbols import asked_symbols

if TYPE_CHECKING:
    from app.ports.fact_reads import DisagreementQuery, DisagreementReads
    from app.ports.reads import InstrumentReads


class DisagreementPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of disagreements, whether there are more, the symbols that nobody knows, and former ones with the new."""

    items: list[Disagreement]
    more: bool
    unknown: list[str]
    renamed: dict[str, str]


async def read_disagreements(
    store: DisagreementReads, instruments: InstrumentReads, symbols: tuple[str, ...] | None, query: DisagreementQuery
) -> DisagreementPage:
    """Return up to `limit` disagreements of these symbols, of the whole market for None.

    Raises:
        UnknownSubjectError: No symbol is known.

    """
    asked = await asked_symbols(instruments, symbols, query.as_of)
    found = await store.page(msgspec.structs.replace(query, instruments=asked.numbers, limit=query.limit + 1))
    return DisagreementPage(
        items=list(found[: query.limit]),
        more=len(found) > query.limit,
        unknown=asked.unknown,
        renamed=asked.renamed,
    )
