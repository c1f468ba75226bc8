"""Read what many symbols cost, now or as it was known then, and the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import UnknownSubjectError
from app.ports.reads import QuoteSource
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.ports.reads import BarText, QuoteReads


async def read_quotes(
    store: QuoteReads,
    symbols: Sequence[str],
    source: QuoteSource = QuoteSource.LATEST,
    as_of: datetime | None = None,
) -> BarText:
    """Return quotes as JSON texts, in the order asked; raise UnknownSubjectError when no symbol is known."""
    quotes = await store.text(symbols, source, as_of)
    if not quotes.found:
        raise UnknownSubjectError(nobody_knows(quotes.unknown))
    return quotes
