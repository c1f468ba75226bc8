"""Tell the person at the terminal what happens, with the time it took."""

import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Lines with the seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)

    def say(self, text: str, name: str = "") -> None:
        """Print one line at once, so that a pipe shows it too."""
        label = f"{name:<13} " if name else ""
        print(f"{time.monotonic() - self.began:6.1f} s  {label}{text}", flush=True)

    def plain(self, text: str) -> None:
        """Print a line without a time."""
        print(text, flush=True)
