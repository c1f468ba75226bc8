"""What Prometheus reads: the metrics of every process of a service, and the readings of the moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.metrics import READINGS
from app.telemetry.multiprocess import folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from threading import Thread
    from wsgiref.simple_server import WSGIServer

    from app.telemetry.metrics import Readings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Moment(Collector):
    """The readings of one moment, as metric families."""

    def __init__(self, readings: Readings) -> None:
        """Keep values by reading and labels."""
        self.readings = readings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each declared reading that has a value."""
        for reading in READINGS:
            values = self.readings.get(reading.name)
            if values:
                family = GaugeMetricFamily(reading.name, reading.help, labels=reading.labels)
                for labels, value in values.items():
                    family.add_metric(labels, value)
                yield family


def expose(readings: Readings) -> bytes:
    """Return the text that Prometheus scrapes: this service's metrics and the readings."""
    registry = CollectorRegistry()
    registry.register(Moment(readings))
    return generate_latest(kept()) + generate_latest(registry)


def kept() -> CollectorRegistry:
    """Return the registry of what the processes of this service keep, the gauges of dead ones left out."""
    here = folder()
    if here is None:
        return REGISTRY
    for pid in pids(here):
        if not Path(f"/proc/{pid}").exists():
            multiprocess.mark_process_dead(pid, path=str(here))  # type: ignore[no-untyped-call]  # it ships none
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(here))  # type: ignore[no-untyped-call]  # it ships none
    return registry


def pids(here: Path) -> set[int]:
    """Return the processes that have kept metrics here, the dead ones included."""
    return {int(number) for file in here.glob("*.db") if (number := file.stem.rpartition("_")[2]).isdigit()}


def resident_bytes() -> int:
    """Return the memory of this service's living processes together."""
    here = folder()
    processes: Iterable[int] = pids(here) if here else {os.getpid()}
    return sum(resident_of(pid) for pid in processes)


def resident_of(pid: int) -> int:
    """Return a process's resident memory in bytes; 0 when there is no such process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(port: int, address: str = "127.0.0.1") -> tuple[WSGIServer, Thread]:
    """Answer scrapes of a service that has no web server of its own; raise OSError when the port is taken."""
    return start_http_server(port, addr=address, registry=Living())


class Living(CollectorRegistry):
    """A registry that gathers afresh at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield the families of every process of this service."""
        yield from kept().collect()
