"""Counts that are added up first must come out as if each had been written by itself."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.telemetry.batch import DELAY_S, Batch

BOUNDS = (0.001, 0.25, 1.0)


@given(values=st.lists(st.sampled_from([0.0, 0.001, 0.0011, 0.25, 0.5, 1.0, 7.0]) | st.floats(0, 20)))
def test_a_batch_reads_as_its_single_observations(values: list[float]) -> None:
    texts = []
    for batched in (True, False):
        registry, batch = CollectorRegistry(), Batch()
        counter = Counter("counted", "Counted.", ("a",), registry=registry).labels("x")
        histogram = Histogram("took_seconds", "Took.", ("a",), buckets=BOUNDS, registry=registry).labels("x")
        batch.is_due = True  # as under a loop whose time has not come: nothing is written before the end
        for value in values:
            if batched:
                batch.count(counter)
                batch.observe(histogram, value)
            else:
                counter.inc()
                histogram.observe(value)
        batch.write()
        lines = generate_latest(registry).decode().splitlines()
        texts.append([each for each in lines if "_created" not in each and "_sum" not in each])
        assert abs(histogram._sum.get() - sum(values)) <= 1e-9 * (1 + sum(values))
    assert texts[0] == texts[1]


@pytest.mark.anyio
async def test_a_quiet_process_writes_at_once_and_a_busy_one_a_little_later() -> None:
    batch = Batch()
    counter = Counter("counted", "Counted.", registry=CollectorRegistry())
    for before in (0, 3):
        batch.count(counter)
        batch.count(counter)
        await asyncio.sleep(0)
        assert counter._value.get() == before + 2
        batch.count(counter)
        await asyncio.sleep(0)
        assert counter._value.get() == before + 2
        await asyncio.sleep(DELAY_S * 5)
        assert counter._value.get() == before + 3


def test_without_a_loop_a_count_is_written_at_once() -> None:
    batch = Batch()
    counter = Counter("counted", "Counted.", registry=CollectorRegistry())
    batch.count(counter)
    assert counter._value.get() == 1
