"""The documents keep up with the code."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app import __version__
from app.cli.door import groat
from tests.house.tree import FILES, ROOT, relative

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGES = runpy.run_path(str(ROOT / "docs/generate.py"))["pages"]()
MARKDOWN = [path for path in FILES if path.suffix == ".md"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name: str) -> None:
    kept = (ROOT / "docs/reference" / name).read_text(encoding="utf-8")
    assert kept == PAGES[name], "run `python docs/generate.py`"


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", str(tmp_path / "doctrees"), "docs"]
    ran = subprocess.run([*words, str(tmp_path / "html")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "html/index.html").is_file()


def test_pages_load_nothing_from_elsewhere() -> None:
    outside = re.compile(r"!\[[^\]]*\]\(https?:|<(img|script|link)[^>]+https?:")
    assert [relative(path) for path in MARKDOWN if outside.search(path.read_text(encoding="utf-8"))] == []


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs/decisions/dependencies.md").read_text(encoding="utf-8")
    told = {
        name.lower()
        for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    groups = PROJECT["dependency-groups"]
    named = [*PROJECT["project"]["dependencies"], *(entry for group in groups.values() for entry in group)]
    direct = {re.split(r"[\[=<>~! ;]", entry)[0].lower() for entry in named}
    assert direct - told == set(), "add a row to docs/decisions/dependencies.md"
    locked = {
        line.split("==")[0]
        for path in ROOT.glob("requirements*.txt")
        for line in path.read_text().splitlines()
        if "==" in line
    }
    assert told - locked == set(), "the page explains what is not installed"


def test_readme_starts_with_what_it_is_and_how_to_start() -> None:
    head = README[:1500]
    assert head.startswith("# Groat\n")
    assert head.count("![") == 1
    assert "ops/start.sh\n" in README
    assert "ops/start.sh test\n" in README
    assert re.search(r"^## What it does not do", README, re.MULTILINE)


def commands(path: Path) -> list[str]:
    """The words after `groat` in a page's code: which verbs it tells its reader to use."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"(?:^|[`(]|\$ )groat ([a-z][a-z ]*[a-z])", text, re.MULTILINE)


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_commands_in_pages_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for script in re.findall(r"(?:^|[\s`(])((?:ops|\.ci)/[\w-]+(?:\.sh)?)(?=[\s`]|$)", text, re.MULTILINE):
        assert (ROOT / script).exists(), script
    for words in commands(path):
        assert words.split()[0] in groat.commands, f"groat {words}"


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", heading) for heading in headings)
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_version_is_said_once_and_twice_alike() -> None:
    assert PROJECT["project"]["version"] == __version__


def test_decisions_are_numbered_and_dated() -> None:
    found = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in found]
    assert len(numbers) == len(set(numbers))
    for path in found:
        assert re.match(rf"# {int(path.name[:4])}\. \S", path.read_text(encoding="utf-8")), path.name
