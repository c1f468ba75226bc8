"""Read the latest bar of many symbols, and its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import UnknownSubjectError
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.reads import BarText, QuoteReads


async def read_quotes(store: QuoteReads, symbols: Sequence[str]) -> BarText:
    """Return quotes as JSON texts, in the order asked; raise UnknownSubjectError when no symbol is known."""
    quotes = await store.text(symbols)
    if not quotes.found:
        raise UnknownSubjectError(nobody_knows(quotes.unknown))
    return quotes
