from pathlib import Path

import pytest

from bench.load import LoadError, Target
from bench.tools import Tools

REPORT = """Running 3s test @ http://127.0.0.1:1
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     9.19ms    5.20ms  80.30ms   91.06%
    Req/Sec     3.57k   401.20     4.13k    76.67%
  Latency Distribution
     50%    8.73ms
     75%   10.01ms
     90%   12.90ms
     99%    1.20s 
  10000 requests in 3.00s, 95.20MB read
Requests/sec:   3333.33
Transfer/sec:     31.70MB
"""  # noqa: W291 - as wrk prints it


def wrk(tmp_path: Path, report: str) -> Target:
    script = tmp_path / "wrk"
    script.write_text(f"#!/bin/sh\ncat <<'E'\n{report}E\n")
    script.chmod(0o755)
    return Target(Tools((str(script),), ("nginx",)), tmp_path, "server", "http://127.0.0.1:1", ("/a", "/b"), 1)


def test_a_report_is_read_in_milliseconds(tmp_path: Path) -> None:
    load = wrk(tmp_path, REPORT).run(3)
    assert (load.per_s, load.p50_ms, load.p99_ms) == (3333.33, 8.73, 1200.0)


@pytest.mark.parametrize("line", ["  Non-2xx or 3xx responses: 4\n", "  Socket errors: connect 0, read 3\n"])
def test_a_rate_of_refused_requests_is_no_rate(tmp_path: Path, line: str) -> None:
    with pytest.raises(LoadError, match="did not answer every request"):
        wrk(tmp_path, REPORT + line).run(3)
