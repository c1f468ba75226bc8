"""Which dates a plan reaches, at a moment of market time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

import msgspec

from app.replay import market_day

if TYPE_CHECKING:
    from app.replay.data.market_data import MarketData


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """`today` in New York, and the first and last date whose bars may be asked for."""

    today: date
    oldest: date
    newest: date

    @classmethod
    def of(cls, data: MarketData, history_years: int, now: datetime) -> Self:
        """Work out the horizon of a plan over a data set."""
        today = market_day.today(now)
        oldest = max(market_day.years_before(today, history_years), data.first)
        newest = today if market_day.is_final(today, now) else today - timedelta(days=1)
        return cls(today=today, oldest=oldest, newest=newest)

    def holds(self, day: date) -> bool:
        """Tell whether a day's bars may be asked for."""
        return self.oldest <= day <= self.newest
