from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from app.telemetry.exposition import expose

if TYPE_CHECKING:
    from pathlib import Path

WORK = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from app.telemetry import metrics
metrics.HTTP_REQUESTS.labels("GET", "/x", "200").inc(int(sys.argv[2]))
metrics.DB_POOL.labels("used").set(5)
with metrics.query("one"):
    pass
"""
SCRAPE = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from app.telemetry.exposition import expose
sys.stdout.buffer.write(expose({}))
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


@pytest.mark.slow
def test_processes_add_up_and_the_gauges_of_dead_ones_are_dropped(tmp_path: Path) -> None:
    for count in ("2", "3"):
        subprocess.run([sys.executable, "-c", WORK, str(tmp_path), count], check=True)
    said = subprocess.run(
        [sys.executable, "-c", SCRAPE, str(tmp_path)], check=True, capture_output=True
    ).stdout.decode()
    assert 'http_requests_total{endpoint="/x",method="GET",status="200"} 5.0' in said
    assert 'db_query_duration_seconds_count{query_type="one"} 2.0' in said
    assert 'groat_db_pool_connections{state="used"}' not in said


def test_the_folder_is_emptied_and_must_come_before_the_library(tmp_path: Path) -> None:
    code = f"""
import os
os.environ["PROMETHEUS_MULTIPROC_DIR"] = {str(tmp_path)!r}
from app.telemetry.multiprocess import prepare
(folder := __import__("pathlib").Path({str(tmp_path)!r}) / "api").mkdir()
(folder / "counter_1.db").write_bytes(b"old")
assert prepare("api") == folder and not list(folder.iterdir())
import prometheus_client
try:
    prepare("api")
except RuntimeError as e:
    print(e)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "before prometheus_client" in said
