"""Celery on Redis as a careful team runs it: late acks, no results, prefork; `python -m bench.peers.celery_app send N`.

The worker is Celery's own command: `python -m celery -A bench.peers.celery_app worker --concurrency 2`.
"""

from __future__ import annotations

import os
import sys
import time

from celery import Celery
from celery.signals import worker_process_init

from bench.tally import Tally

URL = os.environ["REDIS_URL"]  # noqa: TID251 - not Groat's process
STAMPS_PER_S = 100
app = Celery("peer", broker=URL)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    worker_send_task_events=False,
    task_send_sent_event=False,
    # A dead worker's tasks come back, as Groat's do.
    broker_transport_options={"visibility_timeout": 3600},
)


tally = Tally(URL)


@worker_process_init.connect
def start(**_: object) -> None:
    """Begin to count, in the child that executes."""
    tally.start()


@app.task(name="nothing")
def nothing(number: int) -> None:
    """Do nothing but count."""
    del number
    tally.done += 1


@app.task(name="stamp")
def stamp(sent_at: float) -> None:
    """Note how long the message travelled."""
    waited_ms = (time.time() - sent_at) * 1000
    with app.pool.acquire(block=True) as connection:
        connection.default_channel.client.rpush("latencies", waited_ms)


def send(count: int) -> float:
    """Send messages one after another, as request handlers do; return seconds."""
    begun = time.perf_counter()
    for number in range(count):
        nothing.delay(number)
    return time.perf_counter() - begun


def send_stamps(count: int, per_s: float) -> None:
    """Send stamped messages at a steady pace."""
    for _ in range(count):
        stamp.delay(time.time())
        time.sleep(1 / per_s)


if __name__ == "__main__":
    verb, amount = sys.argv[1], int(sys.argv[2])
    if verb == "send":
        print(send(amount))
    else:
        send_stamps(amount, STAMPS_PER_S)
