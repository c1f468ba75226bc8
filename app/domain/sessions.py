"""Trading sessions: when an exchange is open, and which bars ought to exist."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003  msgspec reads annotations at run time

import msgspec

NEW_YORK = "America/New_York"
US_EQUITIES = "XNYS"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One trading session; `session` is the exchange's local date, early closes show in `close_at`."""

    mic: str
    session: date
    open_at: datetime
    close_at: datetime
