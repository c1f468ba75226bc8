"""How quickly workers empty a queue, and how long one message travels: the same yardstick for Celery and Groat."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from redis import Redis

from bench.lab import ROOT
from bench.tally import KEY
from bench.web import Server, ServerError, clean_environment

if TYPE_CHECKING:
    from bench.lab import Lab

_POLL_S: Final = 0.004
_TIMEOUT_S: Final = 120.0
# The workers' start is no part of a drain: the clock runs from the first tenth on.
_WARM: Final = 0.1
_FIRST_STAMPS: Final = 50


@dataclass(frozen=True)
class Queue:
    """A task system on one Valkey: how to send, how to work, and the list that messages wait in."""

    name: str
    lab: Lab
    url: str
    sender: list[str]
    worker: list[str]
    key: str
    messages: int

    def drain(self) -> float:
        """Fill the queue, start the workers, and return tasks/s."""
        redis = Redis.from_url(self.url)
        redis.flushall()
        self._send("send", self.messages)
        if (waiting := cast("Any", redis.llen(self.key))) != self.messages:
            message = f"{self.name}: {self.messages} messages were sent and {waiting} arrived."
            raise ServerError(message)
        with self._workers():
            first, begun = self._until(redis, int(self.messages * (1 - _WARM)))
            last, ended = self._until(redis, 0)
        return (first - last) / (ended - begun)

    def latencies_ms(self, count: int) -> list[float]:
        """Send stamped messages to waiting workers at a quiet pace; return how long each travelled."""
        redis = Redis.from_url(self.url)
        redis.flushall()
        with self._workers():
            self._send("stamp", _FIRST_STAMPS)
            self._until_noted(redis, _FIRST_STAMPS)
            redis.delete("latencies")
            self._send("stamp", count)
            self._until_noted(redis, count)
        found = cast("list[bytes]", redis.lrange("latencies", 0, -1))
        return [float(each) for each in found]

    def enqueue(self) -> float:
        """Send messages one by one; return messages/s of the sending alone."""
        Redis.from_url(self.url).flushall()
        return self.messages / float(self._send("send", self.messages))

    def _send(self, verb: str, count: int) -> str:
        command = [*self.sender, verb, str(count)]
        variables = clean_environment(REDIS_URL=self.url)
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
        return done.stdout

    def _workers(self) -> Server:
        log = self.lab.folder / f"{self.name}-workers.log"
        return Server(f"{self.name}-workers", self.worker, {"REDIS_URL": self.url}, ROOT, log)

    def _until(self, redis: Redis, at_most: int) -> tuple[int, float]:
        give_up = time.perf_counter() + _TIMEOUT_S
        while (left := self.messages - int(cast("bytes", redis.get(KEY) or b"0"))) > at_most:
            if time.perf_counter() > give_up:
                message = f"{self.name}: {left} messages were not done after {_TIMEOUT_S:g} s."
                raise ServerError(message)
            time.sleep(_POLL_S)
        return left, time.perf_counter()

    def _until_noted(self, redis: Redis, count: int) -> None:
        give_up = time.perf_counter() + _TIMEOUT_S
        while cast("Any", redis.llen("latencies")) < count:
            if time.perf_counter() > give_up:
                message = f"{self.name}: only some of {count} stamped messages arrived."
                raise ServerError(message)
            time.sleep(_POLL_S)
