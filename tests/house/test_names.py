"""Names say what a thing is; files name neither this machine nor where packages come from."""

import re
from pathlib import Path

import pytest

from tests.house.tree import FILES, PYTHON, SOURCE, relative

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "shared", "core", "lib"}
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "place" + "holder value", "not " + "implemented yet"]
# Pieces, so that this file does not hold what it forbids.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "deb.deb" + "ian.org",
    "security.deb" + "ian.org",
    "proxy.gol" + "ang.org",
    "crates" + ".io",
    "ghcr" + ".io",
    "docker" + ".io",
]
MACHINE = ["/ro" + "ot/", "/wo" + "rk/", "/home/[a-z]", "/tm" + "p/s/", "arti" + "factory", "ne" + "xus[.:/]"]
TEXT = [path for path in FILES if path.suffix not in {".png", ".ico", ".woff2", ".parquet", ".gz", ".zst", ".arrow"}]


def found(pattern: str, paths: list[Path]) -> list[str]:
    spot = re.compile(pattern)
    hits = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if spot.search(line):
                hits.append(f"{relative(path)}:{number}")
    return hits


def test_no_module_has_a_vague_name() -> None:
    parts = {part.removesuffix(".py").strip("_") for path in PYTHON for part in relative(path).split("/")}
    assert parts & VAGUE == set()


@pytest.mark.parametrize("word", UNFINISHED)
def test_nothing_unfinished_is_kept(word: str) -> None:
    assert found(rf"\b{word}\b", TEXT) == []


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_registry(host: str) -> None:
    assert found(re.escape(host), TEXT) == []


@pytest.mark.parametrize("place", MACHINE)
def test_no_file_names_a_path_of_somebodys_machine(place: str) -> None:
    assert found(rf"(?<![\w.~*}}]){place}", TEXT) == []


def test_locks_name_no_index() -> None:
    locks = [path for path in FILES if path.name.startswith("requirements") and path.suffix == ".txt"]
    assert len(locks) >= 4
    assert found(r"--(extra-)?index-url|--find-links|https?://", locks) == []
    for path in locks:
        entries = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").strip())
        assert all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#")), relative(path)


def test_sql_files_are_named_by_number_and_subject() -> None:
    names = [path.name for path in FILES if path.suffix == ".sql" and "migrations/" in relative(path)]
    assert names
    assert all(re.fullmatch(r"\d{4}_[a-z][a-z0-9_]*\.sql", name) for name in names)
    numbers = [int(name[:4]) for name in names]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_modules_say_what_they_are_for() -> None:
    silent = [relative(path) for path in SOURCE if not path.read_text(encoding="utf-8").lstrip().startswith('"""')]
    assert silent == []
