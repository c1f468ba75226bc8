"""Keep the replay market's time: it runs while the stack runs, and waits where it was when the stack is down.

    market time = MARKET_AT + (CLOCK_BOOTTIME - ANCHOR_BOOT_US) * SPEED

The launcher saves the time every second. After a crash the next start goes on from just past the last save, so
that no market time is ever lived twice.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ops.local.state import write_private

OPENS_AT: Final = "2010-04-26T09:30:00-04:00"
UNTIL: Final = "2010-08-21T00:00:00-04:00"
HISTORY_FROM: Final = "2009-08-21"
SPEED: Final = "5760"
SAVE_EVERY_S: Final = 1.0
_CRASH_MARGIN_S: Final = 2 * SAVE_EVERY_S
# Past the end of the data only the quota windows still count; a year that datetime can hold.
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_NAMES: Final = ("MODE", "SPEED", "MARKET_AT", "ANCHOR_BOOT_US", "BOOT_ID", "MARKET_UNTIL", "RUN")
SETTINGS: Final = tuple(f"GROAT_CLOCK__{name}" for name in _NAMES)


@dataclass(frozen=True)
class Anchor:
    """A market time pinned to a reading of the boot clock."""

    market_at: datetime
    boot_us: int
    speed: float

    def now(self) -> datetime:
        """Return the market time of this moment; it may lie beyond the data's end."""
        elapsed = timedelta(microseconds=(boot_us() - self.boot_us) * self.speed)
        return min(self.market_at + elapsed, _LAST)


def boot_us() -> int:
    """Read the boot clock, which neither a changed wall clock nor a suspended machine disturbs."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


def boot_id() -> str:
    """Return the kernel's name for this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class MarketTime:
    """The saved market time of one data folder."""

    def __init__(self, data: Path) -> None:
        """Find the save beside the data that lived through that time."""
        self._path = data / "market.json"
        self._anchor: Anchor | None = None

    @property
    def is_fresh(self) -> bool:
        """Tell whether this data has never seen the market."""
        return not self._path.exists()

    def anchor(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Let the market go on from where it stood; return the clock's settings."""
        saved = self._read()
        speed = settings.get("GROAT_CLOCK__SPEED") or SPEED
        at = _time(saved["market_at"]) if saved else _time(OPENS_AT)
        if saved and not saved.get("clean"):
            at = min(at + timedelta(seconds=_CRASH_MARGIN_S * float(saved["speed"])), _LAST)
        self._anchor = Anchor(at, boot_us(), float(speed))
        self.save()
        return {
            "GROAT_CLOCK__MODE": "replay",
            "GROAT_CLOCK__SPEED": speed,
            "GROAT_CLOCK__MARKET_AT": at.isoformat() if saved else OPENS_AT,
            "GROAT_CLOCK__ANCHOR_BOOT_US": str(self._anchor.boot_us),
            "GROAT_CLOCK__BOOT_ID": boot_id(),
            "GROAT_CLOCK__MARKET_UNTIL": settings.get("GROAT_CLOCK__MARKET_UNTIL") or UNTIL,
            "GROAT_CLOCK__RUN": self._run,
        }

    def save(self, *, clean: bool = False) -> None:
        """Write down the time that the market has reached; `clean` when it stops here."""
        if self._anchor is None:
            return
        saved = {"market_at": self._anchor.now().isoformat(), "speed": self._anchor.speed, "clean": clean}
        write_private(self._path, json.dumps(saved | {"run": self._run}))

    def adopt(self, settings: Mapping[str, str]) -> None:
        """Take up the clock that a stack whose launcher is gone went on with until now."""
        if settings.get("GROAT_CLOCK__BOOT_ID") != boot_id() or self.is_fresh:
            return
        names = ("MARKET_AT", "ANCHOR_BOOT_US", "SPEED")
        at, pinned, speed = (settings.get(f"GROAT_CLOCK__{name}", "") for name in names)
        if at and pinned and speed:
            self._anchor = Anchor(_time(at), int(pinned), float(speed))

    @property
    def _run(self) -> str:
        saved = self._read()
        return saved["run"] if saved else secrets.token_hex(8)

    def _read(self) -> dict[str, str] | None:
        try:
            saved: dict[str, str] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None
        return saved


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
