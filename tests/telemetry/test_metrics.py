from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from app.telemetry.exposition import expose

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
WORK = """
import sys
from app.telemetry.multiprocess import prepare
prepare(sys.argv[1])
from app.telemetry import metrics
metrics.HTTP_REQUESTS.labels("GET", "/x", "200").inc(int(sys.argv[2]))
metrics.DB_POOL.labels("used").set(5)
with metrics.query("one"):
    pass
print("ready", flush=True)
sys.stdin.read()
"""
SCRAPE = """
import sys
from app.telemetry.multiprocess import prepare
prepare("api")
from app.telemetry.exposition import expose, resident_bytes
sys.stdout.buffer.write(expose({"groat_process_resident_bytes": resident_bytes()}))
"""


def test_the_four_promised_names_have_exactly_the_promised_labels() -> None:
    promised = {
        "http_requests": ("method", "endpoint", "status"),
        "http_request_duration_seconds": ("method", "endpoint"),
        "cache_hits": ("cache_type",),
        "db_query_duration_seconds": ("query_type",),
    }
    kept = {each._name: each._labelnames for each in vars(metrics).values() if hasattr(each, "_labelnames")}
    assert {name: kept[name] for name in promised} == promised


def test_every_metric_is_declared_with_help_and_under_one_name() -> None:
    families = [family for family in REGISTRY.collect() if family.name.startswith(("groat_", "http_", "db_", "cache_"))]
    assert families
    assert all(family.documentation.endswith(".") for family in families)
    names = [family.name for family in families] + [reading.name for reading in metrics.READINGS]
    assert len(names) == len(set(names))


def test_latency_buckets_hold_the_objective() -> None:
    assert 0.5 in metrics.LATENCY_S
    assert (metrics.LATENCY_S[0], metrics.LATENCY_S[-1]) == (0.001, 10.0)


def test_readings_are_exposed_with_their_labels() -> None:
    text = expose({"groat_queue_depth": {("fast",): 3.0, ("long",): 0.0}, "groat_market_speed": {(): 5.0}}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {s.labels["queue"]: s.value for s in families["groat_queue_depth"].samples} == {"fast": 3.0, "long": 0.0}
    assert families["groat_market_speed"].samples[0].value == 5.0


@contextmanager
def at_work(root: Path, service: str, count: str) -> Iterator[subprocess.Popen[str]]:
    """A process of a service that has counted and goes on living."""
    env = {"GROAT_METRICS_DIR": str(root), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WORK, service, count]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def scrape(root: Path) -> str:
    env = {"GROAT_METRICS_DIR": str(root), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", SCRAPE], env=env, check=True, capture_output=True, text=True).stdout


def test_services_add_up_while_they_live(tmp_path: Path) -> None:
    with at_work(tmp_path, "worker", "2"), at_work(tmp_path, "worker", "3"), at_work(tmp_path, "scheduler", "4"):
        said = scrape(tmp_path)
        assert 'http_requests_total{endpoint="/x",method="GET",status="200"} 9.0' in said
        assert 'db_query_duration_seconds_count{query_type="one"} 3.0' in said
        assert 'groat_db_pool_connections{state="used"} 15.0' in said
        resident = dict(re.findall(r'groat_process_resident_bytes\{service="(\w+)"\} (\S+)', said))
        assert float(resident["worker"]) > float(resident["scheduler"]) > 1_000_000
    said = scrape(tmp_path)
    assert "/x" not in said
    assert [folder.name.split("-")[0] for folder in tmp_path.iterdir()] == ["api"]


def test_a_dead_process_of_a_living_service_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    code = """
import os, sys
from app.telemetry.multiprocess import prepare
prepare("api")
if os.fork() == 0:
    from app.telemetry import metrics
    metrics.HTTP_REQUESTS.labels("GET", "/x", "200").inc(7)
    metrics.DB_POOL.labels("used").set(5)
    os._exit(0)
os.wait()
from app.telemetry.exposition import expose
sys.stdout.buffer.write(expose({}))
"""
    env = {"GROAT_METRICS_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout
    assert 'http_requests_total{endpoint="/x",method="GET",status="200"} 7.0' in said
    assert 'groat_db_pool_connections{state="used"}' not in said


def test_it_must_come_before_the_library() -> None:
    code = """
import prometheus_client
from app.telemetry.multiprocess import prepare
try:
    prepare("api")
except RuntimeError as e:
    print(e)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "before prometheus_client" in said
