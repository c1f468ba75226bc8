"""What workers and the teller of changes put into the live stream, and that nothing waits for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest
from redis import Redis

from app.domain.pipelines import RunState, StepReport, StepSpec
from app.ports.stream import StreamBars, StreamPipeline
from app.stream.telling import MOST_WAITING, StreamAnnouncer
from tests.workers.conftest import pipeline, succeed

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step
    from tests.workers.conftest import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


def told(queue_url: str) -> list[tuple[str, dict[str, object]]]:
    """Read the whole stream: names and data."""
    with Redis.from_url(queue_url) as queue:
        entries = queue.xrange("groat:stream")
    return [(name.decode(), msgspec.json.decode(data)) for _, fields in entries for name, data in fields.items()]


async def test_steps_and_runs_are_told_and_states_only_once(bench: Bench, queue_url: str) -> None:
    async def merge(step: Step, _: House) -> None:
        async with step.done(StepReport(done=1)):
            pass

    await bench.work(pipeline({"plan": succeed, "merge": merge}, StepSpec(name="merge", summary="", needs=("plan",))))
    run = await bench.start()
    assert (await bench.ended(run)).state is RunState.DONE

    def steps() -> list[tuple[object, object]]:
        return [(data["step"], data["state"]) for name, data in told(queue_url) if name == "pipeline" and data["step"]]

    await bench.until(lambda: len(steps()) >= 4)
    assert steps() == [("plan", "running"), ("plan", "done"), ("merge", "running"), ("merge", "done")]
    changes = bench.house.changes
    changes.changed("bars_daily", 7)
    for _ in range(2):
        changes.next_look = changes.next_health = changes.next_quality = 0.0
        await changes.look()
    runs = [data for name, data in told(queue_url) if name == "pipeline" and data["step"] is None]
    assert [(data["run_id"], data["state"], data["progress"]) for data in runs] == [
        (run, "done", {"done": 2, "dead": 0, "total": 2})
    ]
    names = [name for name, _ in told(queue_url)]
    assert (names.count("bars"), names.count("quality")) == (1, 1)
    dependencies = [data["dependency"] for name, data in told(queue_url) if name == "health"]
    assert len(dependencies) == len(set(dependencies))
    assert {"postgres", "queue"} <= set(dependencies)
    # Another process goes on from the board; a wiped Valkey is told everything again.
    changes.told, changes.next_look = None, 0.0
    await changes.look()
    assert [name for name, _ in told(queue_url)] == names
    with Redis.from_url(queue_url) as queue:
        queue.flushdb()
    changes.told = None
    changes.next_look = changes.next_health = changes.next_quality = 0.0
    await changes.look()
    assert ("bars", {"dataset": "bars_daily", "version": 7, "session": None}) in told(queue_url)


async def test_nobody_waits_for_a_stream_that_is_away() -> None:
    announcer = StreamAnnouncer("redis://:secret@127.0.0.1:1/0")
    begun = time.monotonic()
    for number in range(3 * MOST_WAITING):
        announcer.tell(StreamPipeline(pipeline="p", run_id=number, state="running"))
    assert len(announcer.waiting) == MOST_WAITING
    assert time.monotonic() - begun < 5
    await announcer.close(within_s=0.1)
    nowhere = StreamAnnouncer("")
    nowhere.tell(StreamBars(dataset="news", version=1))
    assert not nowhere.waiting
    await nowhere.close()
