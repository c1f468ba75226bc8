"""Files and functions stay small enough to read at a sitting."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.house.tree import PYTHON, ROOT, SOURCE, relative

MEDIAN_LINES, MOST_LINES, MOST_TEST_LINES = 120, 400, 600
MOST_FUNCTION_LINES = 60
TYPICAL_FUNCTION_LINES = 40


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> list[tuple[str, int]]:
    """Each function's place and length; a fixture that holds functions counts them once, in itself."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(f"{relative(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1) for node in found]


def test_the_tree_is_seen() -> None:
    assert len(PYTHON) > 100
    assert ROOT / "app/settings/tree.py" in SOURCE


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_no_file_is_too_long(path: Path) -> None:
    most = MOST_TEST_LINES if relative(path).startswith("tests/") else MOST_LINES
    assert lines(path) <= most


def test_the_median_file_is_short() -> None:
    assert statistics.median(lines(path) for path in SOURCE) <= MEDIAN_LINES


def test_no_function_is_too_long() -> None:
    long = [(place, length) for path in PYTHON for place, length in functions(path) if length > MOST_FUNCTION_LINES]
    assert long == []


def test_the_typical_function_is_short() -> None:
    lengths = [length for path in SOURCE for _, length in functions(path)]
    within = sum(length <= TYPICAL_FUNCTION_LINES for length in lengths) / len(lengths)
    assert within >= 0.97
