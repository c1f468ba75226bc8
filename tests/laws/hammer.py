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


async def main(url: str, allowance_id: str, seed: str) -> None:
    chance = random.Random(seed)
    database = Database(DatabaseSettings(url=url, pool_max=2), name="hammer")
    await database.open()
    ledger = PostgresLedger(database, WallClock())
    windows = (Window(max_calls=6, span_s=0.6), Window(max_calls=10, span_s=2.0))
    allowance = Allowance(id=allowance_id, provider="p", windows=windows, hold_us=2_000_000)
    while True:
        answer = await ledger.reserve(allowance, "hammer")
        if isinstance(answer, Denied):
            await asyncio.sleep(min(answer.soonest_us / 1e6, 0.05))
            continue
        time.sleep(chance.choice([0.0, 0.0, 0.02, 0.2]))  # noqa: ASYNC251  the whole process is held up
        if boot_us() - answer.at_us > SEND_WITHIN_US:
            await ledger.settle(answer, CallResult(outcome=Outcome.UNSENT))
            continue
        print(boot_us(), flush=True)
        if chance.random() < 0.9:
            await ledger.settle(answer, CallResult(outcome=Outcome.OK))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
