import json
from pathlib import Path

from bench.findings import at_least, at_most, finding
from bench.table import main


def report(path: Path, at: str, *findings: object) -> str:
    path.write_text(json.dumps({"at": at, "cases": {"p1": {"machine": "2 cores, load 0.2", "findings": findings}}}))
    return str(path)


def test_the_page_shows_each_figure_with_its_spread_goal_and_verdict(tmp_path: Path) -> None:
    fast = finding("reads", [11.0, 13.0, 12.5], "x", at_least(12)).as_json()
    slow = finding("p99", [9.0], "ms", at_most(5)).as_json()
    page = main([report(tmp_path / "a.json", "2026-11-23T10:00:00+00:00", fast, slow)])
    assert "| reads | 12.5 x | 11..13 | at least 12 x | met |" in page
    assert "| p99 | 9 ms |  | at most 5 ms | **missed** |" in page
    assert "`python -m bench p1`, 2026-11-23, 2 cores, load 0.2" in page


def test_the_last_report_of_a_benchmark_counts(tmp_path: Path) -> None:
    old = report(tmp_path / "old.json", "2026-01-01T00:00:00+00:00", finding("reads", [1.0], "x").as_json())
    new = report(tmp_path / "new.json", "2026-02-02T00:00:00+00:00", finding("reads", [2.0], "x").as_json())
    page = main([old, new])
    assert "2026-02-02" in page
    assert "| reads | 2 x |" in page
    assert "2026-01-01" not in page
