"""Read earnings reports of some instruments, or of the whole market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.ports.fact_reads import Earnings, EarningsQuery  # noqa: TC001  msgspec reads annotations at run time
from app.services.asked_symbols import asked_symbols, require_range

if TYPE_CHECKING:
    from app.ports.fact_reads import EarningsReads
    from app.ports.reads import InstrumentReads


class EarningsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asked for: settled, but for the symbols, which are None for the whole market.

    `query` has neither instruments nor one more than its limit yet.
    """

    symbols: tuple[str, ...] | None
    query: EarningsQuery


class EarningsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reports, whether there are more, the symbols that nobody knows, and former ones with those of now."""

    items: list[Earnings]
    more: bool
    unknown: list[str]
    renamed: dict[str, str]


async def read_earnings(
    earnings: EarningsReads, instruments: InstrumentReads, request: EarningsRequest
) -> EarningsPage:
    """Answer a question for reports.

    Raises InvalidRequestError when the range is empty, UnknownSubjectError when no symbol is known.
    """
    query = request.query
    require_range(query.from_, query.until)
    asked = await asked_symbols(instruments, request.symbols, query.as_of, query.until)
    found = await earnings.page(msgspec.structs.replace(query, instruments=asked.numbers, limit=query.limit + 1))
    return EarningsPage(
        items=list(found[: query.limit]),
        more=len(found) > query.limit,
        unknown=asked.unknown,
        renamed=asked.renamed,
    )
