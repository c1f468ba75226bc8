"""Small markets for tests: bars in columns out of a few numbers, and where they are said to come from."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from app.domain.bars import DailyBars
from app.domain.datasets import Dataset
from app.domain.gaps import Span
from app.domain.quality import HeldRow
from app.ports.providers import Payload
from app.ports.stores import Fetched

DAY = date(2010, 5, 6)
NOW = datetime(2010, 5, 7, 0, 30, tzinfo=UTC)


def bars(closes: Mapping[str, float], session: date = DAY, *, known: bool = True) -> DailyBars:
    """One bar a symbol around its close; with `known` false the provider told neither vwap nor trades."""
    close = np.array(list(closes.values()), dtype=np.float64)
    count = len(closes)
    return DailyBars(
        symbols=list(closes),
        sessions=np.full(count, np.datetime64(session, "D")),
        open=close + 0.25,
        high=close + 0.5,
        low=close / 2,
        close=close,
        volume=np.arange(count, dtype=np.float64) * 100 + 0.5,
        vwap=close.copy() if known else np.full(count, np.nan),
        trades=np.full(count, 7 if known else -1, dtype=np.int64),
    )


def fetched(
    session: date = DAY,
    *,
    now: datetime = NOW,
    settles: bool = True,
    held: Sequence[HeldRow] = (),
    dataset: Dataset = Dataset.BARS_DAILY,
) -> Fetched:
    """Say where the rows of a session come from."""
    return Fetched(
        provider="polygon",
        dataset=dataset,
        subject=session.isoformat(),
        payload=Payload(sha256=hashlib.sha256(b"reply").digest(), size=5),
        known_at=now,
        step=f"1/fetch/{session}",
        held=held,
        settles=Span(session, session + timedelta(days=1)) if settles else None,
    )
