"""The tools' own rules hold, and each exception to them has its reason beside it."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from litestar import Controller
from litestar.handlers import BaseRouteHandler

from app.providers.registry import DECLARATIONS
from tests.house.tree import FILES, PYTHON, ROOT, relative
from workers.pipelines import Pipeline, registry

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<reason>.*)$")
TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[\w, -]+\])?(?P<reason>.*)$")


def exceptions(pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
    found = []
    for path in PYTHON:
        if path.parent == Path(__file__).parent:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if match := pattern.search(line):
                found.append((f"{relative(path)}:{number}", match))
    return found


@pytest.mark.parametrize("pattern", [NOQA, TYPE_IGNORE], ids=["noqa", "type-ignore"])
def test_every_exception_names_its_rule_and_its_reason(pattern: re.Pattern[str]) -> None:
    found = exceptions(pattern)
    assert [place for place, match in found if not match["codes"]] == []
    assert [place for place, match in found if len(match["reason"].strip(" -:#.").split()) < 1] == []


def test_every_rule_that_is_off_for_all_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.per-file-ignores]")]
    entries = re.findall(r'^\s+"([A-Z]+\d+)",(.*)$', section, flags=re.MULTILINE)
    assert {code for code, _ in entries} == set(PROJECT["tool"]["ruff"]["lint"]["ignore"])
    assert [code for code, rest in entries if "#" not in rest] == []


def test_every_rule_that_is_off_for_some_files_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start = text.index("[tool.ruff.lint.per-file-ignores]")
    section = text[start : text.index("\n[", start + 1)]
    rows = re.findall(r'^"[^"]+"\s*=\s*\[.*\](.*)$', section, flags=re.MULTILINE)
    assert rows
    assert all(row.strip().startswith("#") for row in rows)


def test_the_contracts_of_the_architecture_hold() -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


SCRIPTS = [path for path in FILES if path.read_bytes().startswith(b"#!/usr/bin/env bash")]


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_scripts_are_sound_and_can_be_run(path: Path) -> None:
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    checker = Path(sys.executable).with_name("shellcheck")
    ran = subprocess.run([checker, path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def entries(package: str) -> list[ModuleType]:
    """Import each module of a registry's folder."""
    room = importlib.import_module(package)
    names = [entry.name for entry in pkgutil.iter_modules(room.__path__)]
    return [importlib.import_module(f"{package}.{name}") for name in names]


def test_every_pipeline_module_declares_one_pipeline() -> None:
    assert {module.__name__.rpartition(".")[2] for module in entries("workers.pipelines")} == set(registry())
    for module in entries("workers.pipelines"):
        assert isinstance(module.PIPELINE, Pipeline), module.__name__


def test_every_provider_module_declares_itself() -> None:
    others = (".registry", ".client", ".rows")
    found = [module for module in entries("app.providers") if not module.__name__.endswith(others)]
    assert found
    for module in found:
        assert module.__name__ == f"app.providers.{module.DECLARATION.name}"
        assert module.DECLARATION in DECLARATIONS


def test_every_routes_module_declares_its_routes() -> None:
    found = entries("app.api.routes")
    assert found
    for module in found:
        routes = [*module.ROUTES, *getattr(module, "ROOT_ROUTES", [])]
        assert routes, module.__name__
        for route in routes:
            fits = isinstance(route, BaseRouteHandler) or (isinstance(route, type) and issubclass(route, Controller))
            assert fits, f"{module.__name__}: {route!r}"
