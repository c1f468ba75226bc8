"""Instruments: what can be traded, and under which symbol."""

from __future__ import annotations

from datetime import date  # noqa: TC003  msgspec reads annotations at run time

import msgspec


class Instrument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One tradable security.

    `symbol` is the exchange's ticker as the data provider spells it (e.g. ``BRK.B``); `mic` the ISO 10383
    market code of the primary listing.
    """

    id: int
    symbol: str
    name: str | None = None
    mic: str | None = None
    type: str | None = None
    currency: str | None = None
    sector: str | None = None
    industry: str | None = None
    cik: str | None = None
    active: bool = True
    listed_on: date | None = None
    delisted_on: date | None = None
