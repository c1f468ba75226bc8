"""Wants: how often each dataset is wanted of each instrument, and how late an answer is.

Lateness is age over the wanted period, and something is due from 1 on. It grows without bound, so nothing starves; when
more is wanted than the plans allow, every period stretches by the same factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt

from app.domain.datasets import Dataset

NEVER_US = np.iinfo(np.int64).min
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Tier(IntEnum):
    """How closely an instrument is followed."""

    WATCHLIST = 0
    INDEX = 1
    OTHER = 2


TIERS = tuple(Tier)
# What was never had is not infinitely late: the first round of a new dataset must not starve what is kept fresh.
NEVER_HAD: Mapping[Tier, float] = {Tier.WATCHLIST: 6.0, Tier.INDEX: 1.5, Tier.OTHER: 1.2}
NEVER_LATENESS = np.array([NEVER_HAD[tier] for tier in TIERS])


class Want(msgspec.Struct, frozen=True):
    """A dataset that is wanted again after a period by tier (None: not at all).

    With a `provider` it is that provider's word that is wanted, beside what others say; without one, anybody's.
    """

    dataset: Dataset
    periods: tuple[timedelta | None, timedelta | None, timedelta | None]
    provider: str | None = None

    def period_us(self) -> npt.NDArray[np.float64]:
        """Return the periods by tier in microseconds, infinite where it is not wanted."""
        return np.array([np.inf if each is None else each / timedelta(microseconds=1) for each in self.periods])


WANTS = (
    Want(Dataset.QUOTES, (timedelta(minutes=5), None, None)),
    Want(Dataset.SYMBOL_BARS, (DAY, None, None)),
    Want(Dataset.NEWS, (timedelta(minutes=15), 2 * HOUR, 12 * HOUR)),
    Want(Dataset.FUNDAMENTALS, (6 * HOUR, DAY, DAY)),
    Want(Dataset.PROFILES, (30 * DAY, 30 * DAY, 30 * DAY)),
    # Beside Finnhub's: other facts, and other papers. Few calls a day, so few companies often.
    Want(Dataset.FUNDAMENTALS, (4 * DAY, 45 * DAY, None), "alpha_vantage"),
    Want(Dataset.NEWS, (3 * HOUR, DAY, 6 * DAY), "newsapi"),
)
# Their few calls are kept for their own word.
RESERVED = frozenset(want.provider for want in WANTS if want.provider)


class Universe(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The instruments that facts are wanted of, side by side.

    `tiers` are numbers of Tier. `holes` tells who lacks a bar on a settled session; None: nobody.
    """

    symbols: Sequence[str] = ()
    tiers: npt.NDArray[np.int8] = msgspec.field(default_factory=lambda: np.zeros(0, np.int8))
    holes: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Count the instruments."""
        return len(self.symbols)


class Answers(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """When a provider was last asked about each instrument of the universe (Unix microseconds; NEVER_US: never).

    `misses` counts its answers in a row that held nothing; until `next_us` it is not worth asking again.
    """

    asked_us: npt.NDArray[np.int64]
    next_us: npt.NDArray[np.int64]
    misses: npt.NDArray[np.int32]

    @classmethod
    def none(cls, count: int) -> Answers:
        """Return the answers of a provider that was never asked."""
        return cls(
            asked_us=np.full(count, NEVER_US), next_us=np.full(count, NEVER_US), misses=np.zeros(count, np.int32)
        )


AnswersBy = Mapping[tuple[Dataset, str], Answers]


def had_us(answers: Sequence[Answers], count: int) -> npt.NDArray[np.int64]:
    """Return when any of the providers last told something of each instrument; NEVER_US where none did."""
    found = np.full(count, NEVER_US)
    for each in answers:
        np.maximum(found, np.where(each.misses == 0, each.asked_us, NEVER_US), out=found)
    return found


def lateness(want: Want, universe: Universe, had: npt.NDArray[np.int64], now_us: int) -> npt.NDArray[np.float64]:
    """Return age over wanted period for each instrument: 0 where nothing is wanted, fixed where nothing was had."""
    period = want.period_us()[universe.tiers]
    # Ages are taken only where there is one: the distance to NEVER_US does not fit.
    never = had == NEVER_US
    age = now_us - np.where(never, now_us, had)
    late = np.where(never, NEVER_LATENESS[universe.tiers], np.maximum(age, 0) / period)
    late[np.isinf(period)] = 0.0
    if want.dataset is Dataset.SYMBOL_BARS:
        late = late * universe.holes if universe.holes is not None else np.zeros_like(late)
    return late
