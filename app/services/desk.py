"""What the fetching use cases share: the clock, the providers, and where facts are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from app.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from datetime import date

    from app.ports.clock import Clock
    from app.ports.news import NewsIngest, NewsSubjects
    from app.ports.planning import Planning
    from app.ports.providers import Providers
    from app.ports.quotas import Ledger
    from app.ports.stores import (
        ActionsIngest,
        Asks,
        BarsIngest,
        CompanyIngest,
        Coverage,
        EarningsIngest,
        InstrumentsIngest,
        Listing,
        QuotesIngest,
        Sessions,
        SymbolBarsIngest,
    )

EXCHANGE_ZONE = ZoneInfo(NEW_YORK)


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the plan follows closest, and how many calls a machine second about instruments this machine makes."""

    watchlist: tuple[str, ...] = ()
    calls_per_s: float = 10.0


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that the fetching use cases work with; bootstrap builds it."""

    clock: Clock
    providers: Providers
    ledger: Ledger
    sessions: Sessions
    coverage: Coverage
    bars: BarsIngest
    instruments: InstrumentsIngest
    actions: ActionsIngest
    asks: Asks
    listing: Listing
    companies: CompanyIngest
    quotes: QuotesIngest
    earnings: EarningsIngest
    symbol_bars: SymbolBarsIngest
    planning: Planning
    following: Following = Following()
    news: NewsIngest
    news_subjects: NewsSubjects

    def today(self) -> date:
        """Return the date in New York at the market's time."""
        return self.clock.now().astimezone(EXCHANGE_ZONE).date()
