"""Which split an overnight move looks like."""

from __future__ import annotations

from math import isnan, log
from typing import Final

import msgspec


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """`split_from` old shares for `split_to` new ones."""

    split_from: int
    split_to: int

    @property
    def move(self) -> float:
        """Return the logarithm of what the split does to the price."""
        return log(self.split_from / self.split_to)


# What companies really do, both ways; ratios nearer to 1 than 5:4 drown in a day's moves.
_FORWARD: Final = ((2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (10, 1), (15, 1), (20, 1), (25, 1), (50, 1))
_FORWARD_PARTS: Final = ((3, 2), (4, 3), (5, 2), (5, 3), (5, 4))
_REVERSE: Final = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 75, 100, 150, 200)
RATIOS: Final = (
    *(Ratio(split_from=old, split_to=new) for new, old in (*_FORWARD, *_FORWARD_PARTS)),
    *(Ratio(split_from=old, split_to=1) for old in _REVERSE),
)
# The open may be so many usual moves off the ratio, within bounds; the close twice as many.
MOVES_OFF: Final = 3.0
LEAST_OFF, MOST_OFF = 0.02, 0.06
UNKNOWN_SCALE: Final = 0.02


def looks_like(overnight: float, change: float, scale: float) -> Ratio | None:
    """Return the split that an unexplained move looks like, or None.

    `overnight` and `change` are logarithms, from the close before to the open and to the close; `scale` is the usual
    move of a session (NaN: unknown). A split happens overnight: it is the open that must be near the ratio.
    """
    off = min(max(MOVES_OFF * (UNKNOWN_SCALE if isnan(scale) else scale), LEAST_OFF), MOST_OFF)
    nearest = min(RATIOS, key=lambda ratio: abs(overnight - ratio.move))
    if abs(overnight - nearest.move) <= off and abs(change - nearest.move) <= 2 * off:
        return nearest
    return None
