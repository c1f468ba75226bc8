"""Count what a worker process has done, and tell Valkey every twenty milliseconds: the yardstick of a drain.

Both Groat's worker and the peer's import this, so it needs nothing but redis.
"""

from __future__ import annotations

import threading
import time

from redis import Redis

TELL_EVERY_S = 0.02
KEY = "executed"


class Tally:
    """A count that a thread adds to Valkey's."""

    def __init__(self, url: str) -> None:
        """Prepare, but connect to nothing: the process may fork yet."""
        self.url = url
        self.done = 0

    def start(self) -> None:
        """Start telling, in the process that counts."""
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self) -> None:
        redis = Redis.from_url(self.url)
        told = 0
        while True:
            time.sleep(TELL_EVERY_S)
            done = self.done
            if done > told:
                redis.incrby(KEY, done - told)
                told = done
