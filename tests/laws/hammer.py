"""One of many processes that call as often as the ledger lets them; stdout is the provider's count."""

import asyncio
import random
import sys
import time

from app.clock import WallClock, boot_us
from app.db.engine import Database
from app.db.quota_ledger import PostgresLedger
from app.domain.quotas import Allowance, CallResult, Denied, Outcome, Window
from app.settings import DatabaseSettings

SEND_WITHIN_US = 1_000_000
WINDOWS = (Window(max_calls=6, span_s=0.6), Window(max_calls=10, span_s=2.0))
HOLD_US = 2_000_000


class HostClock(WallClock):
    """The boot clock of one of several hosts: each began to count at another time."""

    def __init__(self, host: int) -> None:
        super().__init__()
        self.clock_id = f"host {host}"
        self.ahead_us = host * 10**12

    def quota_us(self) -> int:
        return boot_us() + self.ahead_us


async def main(url: str, allowance_id: str, seed: str, host: str) -> None:
    chance, clock = random.Random(seed), HostClock(int(host))
    database = Database(DatabaseSettings(url=url, pool_max=2), name="hammer")
    await database.open()
    ledger = PostgresLedger(database, clock)
    allowance = Allowance(id=allowance_id, provider="p", windows=WINDOWS, hold_us=HOLD_US)
    while True:
        answer = await ledger.reserve(allowance, "hammer")
        if isinstance(answer, Denied):
            await asyncio.sleep(min(answer.soonest_us / 1e6, 0.05))
            continue
        time.sleep(chance.choice([0.0, 0.0, 0.02, 0.2]))  # noqa: ASYNC251  the whole process is held up
        if clock.quota_us() - answer.at_us > SEND_WITHIN_US:
            await ledger.settle(answer, CallResult(outcome=Outcome.UNSENT))
            continue
        print(boot_us(), flush=True)
        if chance.random() < 0.9:
            await ledger.settle(answer, CallResult(outcome=Outcome.OK))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
