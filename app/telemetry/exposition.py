"""What Prometheus reads: the metrics of every process of a service, and the readings of the moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.batch import BATCH
from app.telemetry.metrics import READINGS
from app.telemetry.multiprocess import folders, is_dead, pids, service_of

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    BATCH.write()
    registry = CollectorRegistry()
    registry.register(Moment(readings))
    return generate_latest(kept()) + generate_latest(registry)


class Kept(Collector):
    """What the processes of all services keep, the gauges of dead ones left out."""

    def collect(self) -> Iterator[Metric]:
        """Yield the families, added up over every file."""
        files: list[str] = []
        for folder in folders():
            for pid in pids(folder):
                if is_dead(pid, folder):
                    multiprocess.mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]  # it has none
            files += map(str, folder.glob("*.db"))
        yield from multiprocess.MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]  # it has none


def kept() -> CollectorRegistry:
    """Return the registry of what is kept as things happen."""
    if not folders():
        return REGISTRY
    registry = CollectorRegistry()
    registry.register(Kept())
    return registry


def resident_bytes() -> dict[tuple[str, ...], float]:
    """Return the memory of each service's living processes together."""
    here = folders()
    if not here:
        return {("api",): float(resident_of(os.getpid()))}
    found: dict[tuple[str, ...], float] = {}
    for folder in here:
        key = (service_of(folder),)
        found[key] = found.get(key, 0.0) + sum(resident_of(pid) for pid in pids(folder))
    return found


def resident_of(pid: int) -> int:
    """Return a process's resident memory in bytes; 0 when there is no such process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(port: int, address: str = "127.0.0.1") -> tuple[WSGIServer, Thread]:
    """Answer scrapes of a service that has no web server of its own; raise OSError when the port is taken."""
    return start_http_server(port, addr=address, registry=kept())
